package import Domain

extension Store {
    /// The most grants of a queue that hold at once: each of them is read at every step.
    package static let mostGrants = 100

    /// Adds to a queue's limits on each day from its current one on. Jobs that its budget held look again at once.
    /// - Parameters:
    ///   - amount: for each day; 0 leaves a unit as it is.
    ///   - lastDay: nil: the current day alone.
    ///   - clockDay: the day by the clock in the queue's zone. Where the queue has seen a later one, that is its current.
    /// - Throws: `.noSuchQueue`, `.nothingToGrant`, `.invalidGrant`.
    package func grantBudget(
        _ queue: QueueName, _ amount: Spend, through lastDay: DayKey?, clockDay: DayKey, by user: User, now: Timestamp
    ) throws(StorageError) {
        try transaction { () throws(StorageError) in
            guard let settings = try settingsOfQueue(queue) else { throw .noSuchQueue(queue) }
            let today = try observe(queue.text, clockDay: clockDay).day
            let lastDay = lastDay ?? today
            guard lastDay >= today else {
                throw .invalidGrant(
                    queue: queue, argument: "until", value: "\(lastDay)", remedy: "name \(today) or a later day")
            }
            try check(amount, queue, settings.limits, from: today)
            try database.run(
                """
                INSERT INTO budget_grant (queue, first_day, last_day, calls, tokens, gpu_ms, at_ms, uid, user)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """, queue.text, today.daysSinceEpoch, lastDay.daysSinceEpoch, amount.calls, amount.tokens,
                amount.gpuMilliseconds, now.milliseconds, user.uid, user.name)
            try wakeHeldByBudget(in: queue)
            let detail =
                "calls=\(amount.calls) tokens=\(amount.tokens) gpu-ms=\(amount.gpuMilliseconds) from=\(today) until=\(lastDay)"
            try recordEvent("budget.grant", subject: queue.text, detail: detail, by: user, now: now)
        }
    }

    /// Ends every grant of a queue that has not run out, and returns how many that were. What was spent of them stays spent; where that is
    /// over the limit, DEEPTHINK is masked for the rest of the day.
    /// - Throws: `.noSuchQueue`.
    package func revokeGrants(
        _ queue: QueueName, clockDay: DayKey, by user: User, now: Timestamp
    ) throws(StorageError) -> Int {
        try transaction { () throws(StorageError) in
            guard try settingsOfQueue(queue) != nil else { throw .noSuchQueue(queue) }
            let today = try observe(queue.text, clockDay: clockDay).day
            try database.run(
                """
                INSERT INTO budget_revocation (budget_grant, at_ms, uid, user)
                SELECT id, ?2, ?3, ?4 FROM budget_grant
                WHERE queue = ?1 AND last_day >= ?5
                    AND NOT EXISTS (SELECT 1 FROM budget_revocation WHERE budget_grant = budget_grant.id)
                """, queue.text, now.milliseconds, user.uid, user.name, today.daysSinceEpoch)
            let count = database.changes
            if count > 0 {
                try recordEvent("budget.revoke", subject: queue.text, detail: "grants=\(count)", by: user, now: now)
            }
            return count
        }
    }

    /// What is to be said about budgets since the last call, oldest first: each of it once a day, also over restarts.
    package func takeNotices() -> [BudgetNotice] {
        defer { notices = [] }
        return notices
    }

    private func check(
        _ amount: Spend, _ queue: QueueName, _ limits: BudgetLimits, from today: DayKey
    ) throws(StorageError) {
        let open = try openGrants(queue, from: today)
        guard open.count < Store.mostGrants else {
            throw .invalidGrant(
                queue: queue, argument: "queue", value: queue.text,
                remedy: "it has \(open.count) grants that hold; revoke them and grant their sum")
        }
        let names: [BudgetUnit: String] = [
            .calls: "amount.calls", .tokens: "amount.tokens", .gpuTime: "amount.gpuMilliseconds",
        ]
        for unit in BudgetUnit.allCases where amount[unit] != 0 {
            guard limits[unit] != nil else { throw .nothingToGrant(queue: queue, unit: unit) }
            let rest = BudgetLimits.most - open.total[unit]
            guard amount[unit] > 0, amount[unit] <= rest else {
                throw .invalidGrant(
                    queue: queue, argument: names[unit] ?? "", value: "\(amount[unit])", remedy: "use 1 to \(rest)")
            }
        }
        guard amount != .zero else {
            throw .invalidGrant(
                queue: queue, argument: "amount", value: "0", remedy: "grant calls, tokens or GPU seconds")
        }
    }

    /// The grants that hold on `today` or will on a later day.
    private func openGrants(
        _ queue: QueueName, from today: DayKey
    ) throws(StorageError) -> (count: Int, total: Spend) {
        let sums = try database.first(
            """
            SELECT count(*) AS n, coalesce(sum(calls), 0) AS calls, coalesce(sum(tokens), 0) AS tokens,
                coalesce(sum(gpu_ms), 0) AS gpu_ms
            FROM budget_grant WHERE queue = ? AND last_day >= ?
                AND NOT EXISTS (SELECT 1 FROM budget_revocation WHERE budget_grant = budget_grant.id)
            """, queue.text, today.daysSinceEpoch
        ) { (row: Row) throws(StorageError) in
            let total = Spend(
                calls: try row.integer("calls"), tokens: try row.integer("tokens"),
                gpuMilliseconds: try row.integer("gpu_ms"))
            return (count: try row.count("n"), total: total)
        }
        return sums ?? (0, .zero)
    }
}

extension Store {
    /// The notice of a first step that the day's budget does not cover; nil where it was said before, or where only
    /// running steps are in the way.
    func noticeIfExhausted(
        _ budget: BudgetDay, of queue: String, for worstCase: Spend, now: Timestamp
    ) throws(StorageError) -> BudgetNotice? {
        var settled = budget
        settled.reserved = .zero
        // A limit of 0 is how a queue does without DEEPTHINK, not something that ran out.
        guard let unit = settled.mask(for: worstCase), budget.limits[unit] != 0 else { return nil }
        return try notice(.exhausted, unit, budget, of: queue, now: now)
    }

    /// The notice of the first settlement that brought a day's spend to the queue's warning level; nil where it is
    /// below, where it was said before, or where the day is over.
    func noticeIfScarce(_ queue: String, day: DayKey, now: Timestamp) throws(StorageError) -> BudgetNotice? {
        guard let budget = try BudgetDay.load(queue: queue, clockDay: day, database), budget.day == day,
            let scarcest = budget.scarcest
        else { return nil }
        let level = try database.first("SELECT warn_at FROM queue WHERE name = ?", queue) {
            (row: Row) throws(StorageError) in try row.real("warn_at")
        }
        guard let level, budget.isWarned(at: level) else { return nil }
        return try notice(.warning, scarcest.unit, budget, of: queue, now: now)
    }

    private func notice(
        _ kind: BudgetNotice.Kind, _ unit: BudgetUnit, _ budget: BudgetDay, of queue: String, now: Timestamp
    ) throws(StorageError) -> BudgetNotice? {
        try database.run(
            "INSERT OR IGNORE INTO budget_notice (queue, day, kind, at_ms) VALUES (?, ?, ?, ?)", queue,
            budget.day.daysSinceEpoch, kind.rawValue, now.milliseconds)
        guard database.changes == 1 else { return nil }
        return try database.first("SELECT name, time_zone FROM queue WHERE name = ?", queue) {
            (row: Row) throws(StorageError) in
            BudgetNotice(
                kind: kind, queue: try row.queueName("name"), unit: unit, budget: budget,
                timeZone: try row.text("time_zone"))
        }
    }
}
