package import Domain
internal import SQLite

/// What a job that ended came to.
package struct JobAccount: Hashable, Sendable {
    package let job: JobID
    package let queue: QueueName
    package let state: JobState
    package let endedAt: Timestamp
    /// nil where nobody judged it.
    package let reward: Double?
    /// In the days that were asked for.
    package let quick: Spend
    package let deepthink: Spend

    package init(
        job: JobID, queue: QueueName, state: JobState, endedAt: Timestamp, reward: Double?, quick: Spend,
        deepthink: Spend
    ) {
        self.job = job
        self.queue = queue
        self.state = state
        self.endedAt = endedAt
        self.reward = reward
        self.quick = quick
        self.deepthink = deepthink
    }
}

extension StoreReader {
    /// The most ended jobs that are looked at: the newest.
    package static let endedJobLimit = 200_000

    /// The jobs that ended in `interval`, newest first, with what they used on the filter's days.
    package func endedJobs(
        in interval: Range<Timestamp>, _ filter: SpendFilter
    ) throws(StorageError) -> [JobAccount] {
        try database.all(
            """
            SELECT id, job.queue, state, ended_at_ms, reward,
                coalesce(used.quick_calls, 0) AS quick_calls, coalesce(used.quick_tokens, 0) AS quick_tokens,
                coalesce(used.quick_gpu_ms, 0) AS quick_gpu_ms, coalesce(used.deepthink_calls, 0) AS deepthink_calls,
                coalesce(used.deepthink_tokens, 0) AS deepthink_tokens, coalesce(used.deepthink_gpu_ms, 0) AS deepthink_gpu_ms
            FROM job LEFT JOIN (
                SELECT job AS number, \(sumsByRole) FROM ledger_entry WHERE day BETWEEN ?1 AND ?2 GROUP BY job
            ) AS used ON used.number = id
            WHERE ended_at_ms >= ?3 AND ended_at_ms < ?4 AND (?5 IS NULL OR job.queue = ?5)
                AND (?6 IS NULL OR submitter_uid = ?6)
            ORDER BY ended_at_ms DESC, id DESC LIMIT ?7
            """, filter.days.lowerBound.daysSinceEpoch, filter.days.upperBound.daysSinceEpoch,
            interval.lowerBound.milliseconds, interval.upperBound.milliseconds, filter.queue?.text,
            filter.uid.map(Int64.init), Self.endedJobLimit
        ) { (row: Row) throws(StorageError) in
            JobAccount(
                job: JobID(try row.integer("id")), queue: try row.queueName(), state: try row.word("state"),
                endedAt: try row.timestamp("ended_at_ms"), reward: try row.optionalReal("reward"),
                quick: try row.spend(of: .quick), deepthink: try row.spend(of: .deepthink))
        }
    }
}
