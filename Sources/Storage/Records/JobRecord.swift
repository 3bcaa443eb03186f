package import Domain

/// A job as it is now.
package struct JobRecord: Hashable, Sendable {
    package let id: JobID
    /// nil: submitted alone.
    package let batch: BatchID?
    package let queue: QueueName
    package let customID: String?
    package let line: Int64?
    package let submitter: User
    package let state: JobState
    /// Set while the job is pending or held. A claimable job of a paused queue says `queuePaused`.
    package let pendingReason: PendingReason?
    package let priority: Int64
    package let createdAt: Timestamp
    package let startedAt: Timestamp?
    package let endedAt: Timestamp?
    package let notBefore: Timestamp?
    package let deadline: Timestamp?
    package let timeLimitMilliseconds: Int64?
    /// The most DEEPTHINK calls of one episode; nil is no limit of its own.
    package let deepthinkCalls: Int?
    /// When a parked job becomes claimable by itself.
    package let wakeAt: Timestamp?
    package let idempotencyKey: String?
    /// How often it was claimed, and how often it failed by a fault that counts.
    package let attempt: Int64
    package let failedAttempts: Int
    /// The last failure; what ended the job where it failed or timed out.
    package let failure: JobFailure?
    /// The latest outcome of its episode.
    package let reward: Double?
}

/// A job with its texts.
package struct JobDetail: Hashable, Sendable {
    package let job: JobRecord
    package let request: StoredRequest
    package let answer: String?
    package let end: EpisodeEnd?
    /// Whether an environment's goal was reached.
    package let success: Bool?
    /// How an environment began its current episode.
    package let opening: Opening?
}

/// Which jobs to list.
package struct JobFilter: Hashable, Sendable {
    package var queue: QueueName?
    package var batch: BatchID?
    /// Empty: all.
    package var states: [JobState]
    package var uid: UInt32?
    /// The submitter's name at the time.
    package var userName: String?
    /// Only jobs older than this one: the last of the page before.
    package var before: JobID?
    /// The length of a page, >= 1.
    package var limit: Int

    package init(
        queue: QueueName? = nil, batch: BatchID? = nil, states: [JobState] = [], uid: UInt32? = nil,
        userName: String? = nil, before: JobID? = nil, limit: Int = 100
    ) {
        self.queue = queue
        self.batch = batch
        self.states = states
        self.uid = uid
        self.userName = userName
        self.before = before
        self.limit = limit
    }
}
