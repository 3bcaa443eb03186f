internal import Domain

extension BudgetDay {
    /// A queue's budget on the day of the clock, or on the latest day that the queue has seen if that is later; nil
    /// where there is no such queue.
    static func load(queue: String, clockDay: DayKey, _ database: Database) throws(StorageError) -> BudgetDay? {
        let found = try database.first(
            "SELECT limit_calls, limit_tokens, limit_gpu_ms, last_day FROM queue WHERE name = ?", queue
        ) { (row: Row) throws(StorageError) in
            (limits: try row.limits(), lastDay: try row.optionalInteger("last_day"))
        }
        guard let found else { return nil }
        let day = max(clockDay, DayKey(daysSinceEpoch: found.lastDay ?? .min))
        let spent = try database.first(
            """
            SELECT calls, tokens, gpu_ms, exploration_calls, exploration_tokens, exploration_gpu_ms FROM budget_day
            WHERE queue = ? AND day = ?
            """, queue, day.daysSinceEpoch, read: use)
        let reserved = try database.first(
            """
            SELECT coalesce(sum(calls), 0) AS calls, coalesce(sum(tokens), 0) AS tokens,
                coalesce(sum(gpu_ms), 0) AS gpu_ms, coalesce(sum(calls * is_exploration), 0) AS exploration_calls,
                coalesce(sum(tokens * is_exploration), 0) AS exploration_tokens,
                coalesce(sum(gpu_ms * is_exploration), 0) AS exploration_gpu_ms
            FROM reservation WHERE queue = ? AND day = ? AND state = 'open'
            """, queue, day.daysSinceEpoch, read: use)
        return BudgetDay(
            day: day, limits: found.limits, grants: try grants(queue, on: day, database), spent: spent?.spend ?? .zero,
            reserved: reserved?.spend ?? .zero,
            exploration: (spent?.exploration ?? .zero) + (reserved?.exploration ?? .zero))
    }

    private static func grants(
        _ queue: String, on day: DayKey, _ database: Database
    ) throws(StorageError) -> [BudgetGrant] {
        try database.all(
            """
            SELECT first_day, last_day, calls, tokens, gpu_ms, user, at_ms FROM budget_grant
            WHERE queue = ?1 AND last_day >= ?2 AND first_day <= ?2
                AND NOT EXISTS (SELECT 1 FROM budget_revocation WHERE budget_grant = budget_grant.id)
            ORDER BY id
            """, queue, day.daysSinceEpoch
        ) { (row: Row) throws(StorageError) in
            BudgetGrant(
                firstDay: try row.day("first_day"), lastDay: try row.day("last_day"),
                amount: Spend(
                    calls: try row.integer("calls"), tokens: try row.integer("tokens"),
                    gpuMilliseconds: try row.integer("gpu_ms")), user: try row.text("user"),
                at: try row.timestamp("at_ms"))
        }
    }

    private static func use(_ row: Row) throws(StorageError) -> (spend: Spend, exploration: Spend) {
        let spend = Spend(
            calls: try row.integer("calls"), tokens: try row.integer("tokens"),
            gpuMilliseconds: try row.integer("gpu_ms"))
        let exploration = Spend(
            calls: try row.integer("exploration_calls"), tokens: try row.integer("exploration_tokens"),
            gpuMilliseconds: try row.integer("exploration_gpu_ms"))
        return (spend, exploration)
    }
}
