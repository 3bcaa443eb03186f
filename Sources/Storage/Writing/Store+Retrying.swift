package import Domain
package import SQLite

/// Which jobs that came to nothing to try again: those that failed or timed out.
package struct RetryFilter: Hashable, Sendable {
    package var batch: BatchID?
    package var queue: QueueName?
    /// Only this user's.
    package var uid: UInt32?
    /// Those that were cancelled too.
    package var includesCancelled: Bool

    package init(
        batch: BatchID? = nil, queue: QueueName? = nil, uid: UInt32? = nil, includesCancelled: Bool = false
    ) {
        self.batch = batch
        self.queue = queue
        self.uid = uid
        self.includesCancelled = includesCancelled
    }
}

/// What one transaction of a retry did.
package struct RetryPage: Hashable, Sendable {
    package let count: Int
    /// Where the next page begins; nil where this was the last.
    package let last: JobID?

    package init(count: Int, last: JobID?) {
        self.count = count
        self.last = last
    }
}

/// A retry begins a new episode: the job waits as when it was submitted, and its earlier episodes stay for `explain` and
/// the ledger. Jobs that were cancelled because this one did not complete stay so.
extension Store {
    /// Retries these jobs, all or none. Later lines of the same list may need earlier ones.
    /// - Parameters:
    ///   - includesCancelled: a cancelled job may be among them.
    ///   - deadline: replaces each job's own.
    /// - Throws: `.noSuchJob`, `.tooMany`, `.jobNotRetryable` with the reason and the remedy.
    package func retryJobs(
        _ jobs: [JobID], includesCancelled: Bool = false, deadline: Timestamp? = nil, by user: User, now: Timestamp
    ) throws(StorageError) -> Int {
        guard jobs.count <= Store.mostJobsAtOnce else {
            throw .tooMany(what: "jobs named at once", limit: Store.mostJobsAtOnce)
        }
        let inOrder = Set(jobs).sorted()
        return try transaction { () throws(StorageError) in
            for job in inOrder {
                guard let found = try stateOfJob(job) else { throw .noSuchJob(job) }
                try requireRetryable(job, found.state, includesCancelled: includesCancelled)
                try requireOpen(found.queue)
                try requireFuture(job, deadline: deadline, now: now)
                if let need = try failedNeed(of: job) {
                    throw .jobNotRetryable(
                        job, complaint: "needs job \(need.job), which is \(need.state.rawValue)",
                        remedy: "retry that one first, or with it")
                }
                try retry(job, deadline: deadline, now: now)
                try recordEvent(
                    "job.retry", subject: "\(job)", detail: "was \(found.state.rawValue)", by: user, now: now)
            }
            return inOrder.count
        }
    }

    /// Retries the next thousand jobs that match, in one transaction. One whose need came to nothing and is not retried
    /// is left as it is, and so is one whose deadline has passed or whose queue is draining.
    package func retryJobs(
        _ filter: RetryFilter, after: JobID? = nil, deadline: Timestamp? = nil, by user: User, now: Timestamp
    ) throws(StorageError) -> RetryPage {
        try transaction { () throws(StorageError) in
            let found = try ids(filter, after: after, deadline: deadline, now: now)
            var retried: [JobID] = []
            for job in found where try failedNeed(of: job) == nil {
                try retry(job, deadline: deadline, now: now)
                retried.append(job)
            }
            if let first = retried.first, let last = retried.last {
                let subject = filter.batch?.description ?? filter.queue?.text ?? "all queues"
                try recordEvent(
                    "jobs.retry", subject: subject, detail: "\(retried.count) jobs from \(first) to \(last)", by: user,
                    now: now)
            }
            return RetryPage(count: retried.count, last: found.count == Store.mostJobsAtOnce ? found.last : nil)
        }
    }

    /// Tells why a retry found nothing to do.
    /// - Throws: `.jobNotRetryable` for the first job whose deadline has passed.
    package func requireFutureDeadlines(_ filter: RetryFilter, now: Timestamp) throws(StorageError) {
        let (sql, values) = Store.selection(filter)
        let late = try database.all(
            "\(sql) AND deadline_ms <= ? ORDER BY id", values + [now.milliseconds], limit: 1
        ) { (row: Row) throws(StorageError) in JobID(try row.integer("id")) }
        if let first = late.first { throw Store.deadlinePassed(first) }
    }

    private static func deadlinePassed(_ job: JobID) -> StorageError {
        .jobNotRetryable(job, complaint: "has a deadline that has passed", remedy: "give a new one with --deadline")
    }

    private func ids(
        _ filter: RetryFilter, after: JobID?, deadline: Timestamp?, now: Timestamp
    ) throws(StorageError) -> [JobID] {
        var (sql, values) = Store.selection(filter)
        sql += " AND id > ? AND queue NOT IN (SELECT name FROM queue WHERE is_draining = 1)"
        values.append(after?.number ?? 0)
        if deadline == nil {
            sql += " AND (deadline_ms IS NULL OR deadline_ms > ?)"
            values.append(now.milliseconds)
        }
        return try database.all("\(sql) ORDER BY id", values, limit: Store.mostJobsAtOnce) {
            (row: Row) throws(StorageError) in JobID(try row.integer("id"))
        }
    }

    /// The jobs that a filter lets through, by the index of its batch or, without one, by `job_unanswered`: the pluses keep
    /// SQLite from walking all jobs of a queue or a user, of which most were answered.
    package static func selection(_ filter: RetryFilter) -> (sql: String, values: [any Bindable]) {
        // The states of the index `job_unanswered`, word by word.
        var conditions = ["(state = 'failed' OR state = 'timeout' OR state = 'cancelled')"]
        if !filter.includesCancelled { conditions.append("state <> 'cancelled'") }
        var values: [any Bindable] = []
        func require(_ condition: String, _ value: (any Bindable)?) {
            guard let value else { return }
            conditions.append(condition)
            values.append(value)
        }
        require("batch = ?", filter.batch?.number)
        require("+queue = ?", filter.queue?.text)
        require("+submitter_uid = ?", filter.uid)
        return ("SELECT id FROM job WHERE \(conditions.joined(separator: " AND "))", values)
    }

    private func requireRetryable(
        _ job: JobID, _ state: JobState, includesCancelled: Bool
    ) throws(StorageError) {
        switch state {
        case .failed, .timeout: return
        case .cancelled where includesCancelled: return
        case .cancelled:
            throw .jobNotRetryable(job, complaint: "was cancelled", remedy: "retry it with --cancelled")
        case .completed:
            throw .jobNotRetryable(job, complaint: "is completed", remedy: "only jobs without an answer are retried")
        case .pending, .held, .running:
            throw .jobNotRetryable(job, complaint: "is \(state.rawValue)", remedy: "wait for its end, or cancel it")
        }
    }

    private func requireFuture(_ job: JobID, deadline: Timestamp?, now: Timestamp) throws(StorageError) {
        guard deadline == nil else { return }
        let late = try database.count(
            "SELECT count(*) AS n FROM job WHERE id = ? AND deadline_ms <= ?", job.number, now.milliseconds)
        if late > 0 { throw Store.deadlinePassed(job) }
    }

    private func retry(_ job: JobID, deadline: Timestamp?, now: Timestamp) throws(StorageError) {
        try database.run(
            """
            INSERT INTO retried_end (queue, state, ends) SELECT queue, state, 1 FROM job WHERE id = ?
            ON CONFLICT (queue, state) DO UPDATE SET ends = ends + 1
            """, job.number)
        try database.run(
            """
            UPDATE job SET state = 'pending', ended_at_ms = NULL, started_at_ms = NULL, episode = NULL,
                failed_attempts = 0, error_code = NULL, error_message = NULL, reward = NULL,
                deadline_ms = coalesce(?1, deadline_ms),
                pending_reason = CASE WHEN not_before_ms > ?2 THEN 'NotBefore' ELSE 'Priority' END,
                wake_at_ms = CASE WHEN not_before_ms > ?2 THEN not_before_ms END
            WHERE id = ?3
            """, deadline?.milliseconds, now.milliseconds, job.number)
        try database.run("DELETE FROM budget_refusal WHERE job = ?", job.number)
        if try hasOpenNeed(job) { try park(job) }
    }
}
