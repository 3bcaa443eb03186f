package import Domain

extension StoreReader {
    /// The most waiting jobs that are counted: so many are more than any price needs to know.
    package static let waitingLimit = 100_000
    /// The days whose use tells what a call takes.
    private static let useDays: Int64 = 28

    /// The jobs of a queue in each quarter of an hour that had some, from one slot on and before another, in order.
    package func arrivals(_ queue: QueueName, slots: Range<Int64>) throws(StorageError) -> [Arrival] {
        try database.all(
            "SELECT slot, jobs FROM arrival WHERE queue = ? AND slot >= ? AND slot < ? ORDER BY slot", queue.text,
            slots.lowerBound, slots.upperBound
        ) { (row: Row) throws(StorageError) in Arrival(slot: try row.integer("slot"), jobCount: try row.count("jobs")) }
    }

    /// What is known of the rest of a queue's day.
    /// - Parameters:
    ///   - day: the day by the clock in the queue's zone.
    ///   - interval: from its beginning to its end.
    package func pacingRecord(
        _ queue: QueueName, day: DayKey, interval: Range<Timestamp>
    ) throws(StorageError) -> PacingRecord {
        try database.snapshot { () throws(StorageError) in
            let ready = try database.count(
                """
                SELECT count(*) AS n FROM (
                    SELECT 1 FROM job WHERE queue = ? AND state = 'pending' AND pending_reason IS NOT NULL
                        AND pending_reason <> 'NotBefore' LIMIT ?)
                """, queue.text, Self.waitingLimit)
            // By the time at which they wake, as there may be many for later days.
            let later = try database.count(
                """
                SELECT count(*) AS n FROM (
                    SELECT 1 FROM job INDEXED BY job_wake
                    WHERE wake_at_ms < ? AND queue = ? AND state = 'pending' AND pending_reason = 'NotBefore' LIMIT ?)
                """, interval.upperBound.milliseconds, queue.text, Self.waitingLimit)
            let arrived = try database.count(
                "SELECT coalesce(sum(jobs), 0) AS n FROM arrival WHERE queue = ? AND slot >= ? AND slot < ?",
                queue.text, Arrival.slot(of: interval.lowerBound), Arrival.slot(of: interval.upperBound))
            return PacingRecord(
                waitingCount: Int(ready + later),
                runningCount: Int(try database.count(Store.runningCountSQL, queue.text)), arrivedCount: Int(arrived),
                settled: try settledUse(queue, until: day))
        }
    }

    private func settledUse(_ queue: QueueName, until day: DayKey) throws(StorageError) -> Spend {
        let sum = try database.first(
            """
            SELECT coalesce(sum(calls), 0) AS calls, coalesce(sum(tokens), 0) AS tokens, coalesce(sum(gpu_ms), 0) AS gpu_ms
            FROM budget_day WHERE queue = ? AND day > ?
            """, queue.text, day.daysSinceEpoch - Self.useDays
        ) { (row: Row) throws(StorageError) in
            Spend(
                calls: try row.integer("calls"), tokens: try row.integer("tokens"),
                gpuMilliseconds: try row.integer("gpu_ms"))
        }
        return sum ?? .zero
    }
}
