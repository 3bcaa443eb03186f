package import Domain
internal import SQLite

extension StoreReader {
    /// `spend` by these groups and all in one row, of one moment.
    package func spendWithTotal(
        _ filter: SpendFilter, by groups: [SpendGroup]
    ) throws(StorageError) -> (rows: [SpendRow], total: SpendRow) {
        try database.snapshot { () throws(StorageError) in
            let total = try spend(filter, by: []).first
            return (try spend(filter, by: groups), total ?? SpendRow(jobs: 0, quick: .zero, deepthink: .zero))
        }
    }

    /// Sums of the ledger, ordered by the groups. Without groups one row, all zero where nothing was spent.
    package func spend(_ filter: SpendFilter, by groups: [SpendGroup]) throws(StorageError) -> [SpendRow] {
        let columns = groups.map(\.column)
        var sql =
            "SELECT \((columns + [sums] + (groups.contains(.user) ? [latestName] : [])).joined(separator: ", ")) FROM ledger_entry WHERE day BETWEEN ? AND ?"
        var values: [any Bindable] = [filter.days.lowerBound.daysSinceEpoch, filter.days.upperBound.daysSinceEpoch]
        if let queue = filter.queue {
            sql += " AND queue = ?"
            values.append(queue.text)
        }
        if let uid = filter.uid {
            sql += " AND submitter_uid = ?"
            values.append(uid)
        }
        for (day, queues) in Dictionary(grouping: filter.firstDays.keys.sorted(), by: { filter.firstDays[$0] }) {
            let places = Array(repeating: "?", count: queues.count).joined(separator: ", ")
            sql += " AND NOT (day < ? AND queue IN (\(places)))"
            values.append(day?.daysSinceEpoch)
            for queue in queues { values.append(queue.text) }
        }
        if !columns.isEmpty {
            let list = columns.joined(separator: ", ")
            sql += " GROUP BY \(list) ORDER BY \(list)"
        }
        return try database.all(sql, values) { (row: Row) throws(StorageError) in
            try spendRow(row, groups: Set(groups))
        }
    }

    /// What each queue used of DEEPTHINK from an instant on.
    /// - Parameter day: no step that ended since then began earlier.
    package func deepthinkSpend(since instant: Timestamp, day: DayKey) throws(StorageError) -> [QueueName: Spend] {
        let rows = try database.all(
            """
            SELECT queue, \(sumsByRole) FROM ledger_entry WHERE day >= ? AND at_ms > ? AND role = 'deepthink' GROUP BY queue
            """, day.daysSinceEpoch, instant.milliseconds
        ) { (row: Row) throws(StorageError) in (try row.queueName(), try row.spend(of: .deepthink)) }
        return Dictionary(uniqueKeysWithValues: rows)
    }

    private var sums: String { sumsByRole + ", count(DISTINCT job) AS jobs" }

    /// What each model used, as `Row.spend` reads it.
    var sumsByRole: String {
        let perRole = Role.allCases.map { role in
            """
            coalesce(sum(calls) FILTER (WHERE role = '\(role)'), 0) AS \(role)_calls,
            coalesce(sum(prompt_tokens + generated_tokens) FILTER (WHERE role = '\(role)'), 0) AS \(role)_tokens,
            coalesce(sum(gpu_ms) FILTER (WHERE role = '\(role)'), 0) AS \(role)_gpu_ms
            """
        }
        return perRole.joined(separator: ", ")
    }

    /// A user's name may change; the latest is shown, also where that job was pruned.
    private var latestName: String {
        """
        (SELECT submitter_name FROM (
            SELECT * FROM (SELECT id, submitter_name FROM job
                WHERE job.submitter_uid = ledger_entry.submitter_uid ORDER BY id DESC LIMIT 1)
            UNION ALL
            SELECT * FROM (SELECT job, submitter_name FROM pruned_job
                WHERE pruned_job.submitter_uid = ledger_entry.submitter_uid ORDER BY job DESC LIMIT 1))
            ORDER BY id DESC LIMIT 1) AS user
        """
    }

    private func spendRow(_ row: Row, groups: Set<SpendGroup>) throws(StorageError) -> SpendRow {
        func key<Key>(_ group: SpendGroup, _ read: () throws(StorageError) -> Key?) throws(StorageError) -> Key? {
            groups.contains(group) ? try read() : nil
        }
        return SpendRow(
            queue: try key(.queue) { () throws(StorageError) in try row.queueName() },
            day: try key(.day) { () throws(StorageError) in try row.day("day") },
            user: try key(.user) { () throws(StorageError) in
                let uid = try row.uid("submitter_uid")
                return try row.optionalText("user") ?? "\(uid)"
            },
            model: try key(.model) { () throws(StorageError) in try row.text("model") },
            batch: try key(.batch) { () throws(StorageError) in
                try row.optionalInteger("batch").map(BatchID.init)
            }, jobs: try row.count("jobs"), quick: try row.spend(of: .quick), deepthink: try row.spend(of: .deepthink))
    }
}

extension Row {
    func spend(of role: Role) throws(StorageError) -> Spend {
        Spend(
            calls: try integer("\(role)_calls"), tokens: try integer("\(role)_tokens"),
            gpuMilliseconds: try integer("\(role)_gpu_ms"))
    }
}

extension SpendGroup {
    fileprivate var column: String { self == .user ? "submitter_uid" : rawValue }
}
