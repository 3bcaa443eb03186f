package import Domain

/// The right to change a job: whoever presents an older one changes nothing.
package struct Claim: Hashable, Sendable {
    package let job: JobID
    package let episode: EpisodeID
    /// How often the job was claimed, from 1.
    package let attempt: Int64
    package let epoch: Epoch

    package init(job: JobID, episode: EpisodeID, attempt: Int64, epoch: Epoch) {
        self.job = job
        self.episode = episode
        self.attempt = attempt
        self.epoch = epoch
    }
}

/// A job to run, with all that a runner needs to know about it.
package struct ClaimedJob: Hashable, Sendable {
    package let claim: Claim
    package let queue: QueueName
    /// As they were at the claim.
    package let settings: QueueSettings
    package let batch: BatchID?
    package let customID: String?
    package let submitter: User
    package let deadline: Timestamp?
    /// The most wall time of this attempt; nil is no limit.
    package let timeLimitMilliseconds: Int64?
    /// Attempts that failed so far by a fault that counts, and how many end the job.
    package let failedAttempts: Int
    package let maxAttempts: Int
    package let request: StoredRequest
    /// How an environment began this episode; nil where none did yet.
    package let opening: Opening?
    /// The steps written by earlier attempts at this episode, in order: they are not generated again.
    package let steps: [WrittenStep]
}
