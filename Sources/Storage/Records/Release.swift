package import Domain

/// How a runner gives a job back unfinished. Its steps stay, and the next claim goes on after them.
package struct Release: Hashable, Sendable {
    package enum Parking: Hashable, Sendable {
        /// Claimable at once.
        case none
        /// Claimable at an instant, as after a backoff.
        case until(Timestamp)
        /// Claimable when the models are back, by `Store.wake`, or at an instant.
        case modelUnavailable(until: Timestamp?)
        /// Claimable when a running step gives back some of what it reserved, or at an instant: the next day.
        case budgetReserved(until: Timestamp)
        /// Held until the next day or until the queue's budget changes.
        case budgetExhausted(until: Timestamp)
    }

    package var parking: Parking
    /// Set where the attempt failed by a fault that counts against the job's attempts. A crash, a stop of the daemon
    /// or an unavailable model does not.
    package var failure: JobFailure?

    package init(_ parking: Parking, failure: JobFailure? = nil) {
        self.parking = parking
        self.failure = failure
    }
}

/// Why an attempt, or a job, failed.
package struct JobFailure: Hashable, Sendable {
    /// A short word for programs, such as `model-error`.
    package var code: String
    /// A sentence for people.
    package var message: String
    /// What the queue's budget lacked, where that is why; `StoreReader.refusal` tells it of a stored one.
    package var refusal: BudgetRefusal?

    package init(code: String, message: String, refusal: BudgetRefusal? = nil) {
        self.code = code
        self.message = message
        self.refusal = refusal
    }
}

extension JobFailure {
    /// The code of a job one of whose attempts took longer than its time limit.
    package static let timeLimit = "time-limit"
    /// The code of a job that had not ended at its deadline.
    package static let deadline = "deadline"
    package static let deadlinePassed = JobFailure(
        code: deadline, message: "its deadline passed before it could run to its end")
}

/// What became of a release.
package enum ReleaseResult: Hashable, Sendable {
    case released
    /// It was the last attempt: the job has failed, with the release's failure.
    case failed
    /// The claim was no longer valid: nothing changed.
    case stale
}
