package import Domain
internal import SQLite

extension StoreReader {
    /// All queues by name.
    package func queues() throws(StorageError) -> [QueueRecord] {
        try database.snapshot { () throws(StorageError) in
            let counts = try unfinishedCounts(
                """
                SELECT queue, state, count(*) AS n FROM job WHERE pending_reason IS NOT NULL GROUP BY queue, state
                UNION ALL
                SELECT queue, 'running', count(*) FROM job WHERE state = 'running' GROUP BY queue
                """)
            return try database.all("SELECT * FROM queue ORDER BY name") { (row: Row) throws(StorageError) in
                try queueRecord(row, counts)
            }
        }
    }

    /// - Throws: `.noSuchQueue`.
    package func queue(_ name: QueueName) throws(StorageError) -> QueueRecord {
        try database.snapshot { () throws(StorageError) in
            let counts = try unfinishedCounts(
                """
                SELECT queue, state, count(*) AS n FROM job WHERE pending_reason IS NOT NULL AND queue = ?1
                GROUP BY queue, state
                UNION ALL
                SELECT queue, 'running', count(*) FROM job WHERE state = 'running' AND queue = ?1 GROUP BY queue
                """, name.text)
            let record = try database.first("SELECT * FROM queue WHERE name = ?", name.text) {
                (row: Row) throws(StorageError) in try queueRecord(row, counts)
            }
            guard let record else { throw .noSuchQueue(name) }
            return record
        }
    }

    /// The budget of each queue on the day that the clock shows there, or on the latest day that the queue has seen if
    /// that is later; by name. Unknown queues are left out.
    package func budgets(_ clockDays: [QueueName: DayKey]) throws(StorageError) -> [QueueBudget] {
        try database.snapshot { () throws(StorageError) in
            var budgets: [QueueBudget] = []
            for (queue, day) in clockDays.sorted(by: { $0.key < $1.key }) {
                guard let budget = try BudgetDay.load(queue: queue.text, clockDay: day, database) else { continue }
                budgets.append(QueueBudget(queue: queue, budget: budget))
            }
            return budgets
        }
    }

    /// The latest administrative events, newest first.
    /// - Parameters:
    ///   - actions: nil: all of them.
    ///   - before: only events older than this number: the last of the page before.
    package func adminEvents(
        actions: [String]? = nil, subject: String? = nil, before: Int64? = nil, limit: Int
    ) throws(StorageError) -> [AdminEvent] {
        var sql = "SELECT * FROM admin_event WHERE seq < ?"
        var values: [any Bindable] = [before ?? .max]
        if let actions {
            sql += " AND action IN (\(Array(repeating: "?", count: actions.count).joined(separator: ", ")))"
            for action in actions { values.append(action) }
        }
        if let subject {
            sql += " AND subject = ?"
            values.append(subject)
        }
        return try database.all(sql + " ORDER BY seq DESC LIMIT ?", values + [limit]) {
            (row: Row) throws(StorageError) in
            try AdminEvent.read(row)
        }
    }

    private func queueRecord(
        _ row: Row, _ counts: [QueueName: [JobState: Int]]
    ) throws(StorageError) -> QueueRecord {
        let name = try row.queueName("name")
        let count = counts[name] ?? [:]
        return QueueRecord(
            name: name, settings: try row.queueSettings(), createdAt: try row.timestamp("created_at_ms"),
            pendingCount: count[.pending] ?? 0, heldCount: count[.held] ?? 0, runningCount: count[.running] ?? 0)
    }

    /// - Parameter sql: gives queue, state and n.
    private func unfinishedCounts(
        _ sql: String, _ values: any Bindable...
    ) throws(StorageError) -> [QueueName: [JobState: Int]] {
        var counts: [QueueName: [JobState: Int]] = [:]
        try database.each(sql, values) { (row: Row) throws(StorageError) in
            let state: JobState = try row.word("state")
            counts[try row.queueName(), default: [:]][state] = try row.count("n")
            return true
        }
        return counts
    }
}
