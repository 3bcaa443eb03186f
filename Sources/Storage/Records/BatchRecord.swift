package import Domain

/// A batch as it is now.
package struct BatchRecord: Hashable, Sendable {
    package let id: BatchID
    package let queue: QueueName
    package let state: BatchState
    package let submitter: User
    package let fileName: String?
    /// Of the file, lower-case hexadecimal; nil before it is ready.
    package let sha256: String?
    package let createdAt: Timestamp
    package let jobCount: Int
    /// How many of its jobs are in each state; states without jobs are missing.
    package let counts: [JobState: Int]

    /// Every job has ended.
    package var isDone: Bool { state == .ready && counts.allSatisfy { $0.key.isTerminal } }
}

/// What a batch took and was worth so far.
package struct BatchSummary: Hashable, Sendable {
    package let quick: RoleUse
    package let deepthink: RoleUse
    /// Of the jobs that have a reward; nil where none has.
    package let meanReward: Double?
    /// When the last job that has ended did.
    package let endedAt: Timestamp?
}

/// A job that has ended, and when it did; one that is retried ends again.
package struct EndedJob: Hashable, Sendable {
    package let job: JobID
    package let endedAt: Timestamp
}

/// One job of a batch with what came of it.
package struct ResultRecord: Hashable, Sendable {
    package let job: JobID
    package let customID: String?
    package let line: Int64?
    package let state: JobState
    package let request: StoredRequest
    package let answer: String?
    package let end: EpisodeEnd?
    /// Whether an environment's goal was reached.
    package let success: Bool?
    package let failure: JobFailure?
    package let reward: Double?
    package let endedAt: Timestamp?
    package let quick: RoleUse
    package let deepthink: RoleUse
}

/// What one role did for a job, and what that took, steps that were cut off included.
package struct RoleUse: Hashable, Sendable {
    /// Steps written.
    package var stepCount: Int
    /// Ledger entries: steps written, and steps cut off after the server had begun.
    package var callCount: Int
    package var promptTokens: Int64
    package var cachedTokens: Int64
    package var generatedTokens: Int64
    package var gpuMilliseconds: Int64

    package static let none = RoleUse(
        stepCount: 0, callCount: 0, promptTokens: 0, cachedTokens: 0, generatedTokens: 0, gpuMilliseconds: 0)
}
