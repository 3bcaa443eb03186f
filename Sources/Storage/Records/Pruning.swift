package import Domain

/// Which jobs of a queue may go: those that ended long enough ago. What stays whatever its age: a job that another waits
/// for, the jobs of a batch that has not ended, and what the Switcher still learns from.
package struct PruningRule: Hashable, Sendable {
    package let queue: QueueName
    /// Only jobs that ended before this instant.
    package let before: Timestamp
    /// So many of the queue's newest judged episodes stay, >= 0.
    package let keptEpisodes: Int

    package init(queue: QueueName, before: Timestamp, keptEpisodes: Int) {
        self.queue = queue
        self.before = before
        self.keptEpisodes = keptEpisodes
    }
}

/// What one step of pruning found and did.
package struct PruningStep: Hashable, Sendable {
    /// Jobs that went; of a look without pruning, those that may go.
    package let jobCount: Int
    /// Where the next step goes on; nil where all older jobs were looked at.
    package let next: PruningPlace?
    /// When the first job was submitted that was too young to be looked at; nil where there is none.
    package let firstYoung: Timestamp?

    package init(jobCount: Int, next: PruningPlace?, firstYoung: Timestamp?) {
        self.jobCount = jobCount
        self.next = next
        self.firstYoung = firstYoung
    }
}

/// Where a walk over a queue's jobs stands.
package struct PruningPlace: Hashable, Sendable {
    /// The last job that was looked at.
    package let job: JobID
    /// Episodes with this outcome or a later one stay. Found once for a walk: it only rises while outcomes come, so a walk
    /// lets go no more than one that looked again at each step, which takes thousands of looks.
    let firstKeptOutcome: Int64
}

/// What is left of a job that was pruned.
package struct PrunedJob: Hashable, Sendable {
    package let job: JobID
    package let queue: QueueName
    package let batch: BatchID?
    package let submitter: User
    package let state: JobState
    package let endedAt: Timestamp
    package let prunedAt: Timestamp
    /// Its entries in the ledger, which stay, and their sums.
    package let entryCount: Int
    package let quick: Spend
    package let deepthink: Spend
}
