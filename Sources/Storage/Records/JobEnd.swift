package import Domain

/// How a job ends.
package enum JobEnd: Hashable, Sendable {
    /// It came to an answer. An outcome without a reward waits for feedback.
    case completed(Outcome, source: RewardSource = .verifier)
    /// It came to nothing; with an outcome where there is an answer nevertheless, as when its verifier broke.
    case failed(JobFailure, Outcome? = nil)
    /// Its time limit or deadline passed.
    case timeout(JobFailure)
}
