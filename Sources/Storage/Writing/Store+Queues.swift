package import Domain

extension Store {
    /// Makes a queue.
    /// - Throws: `.queueExists`, `.invalidSettings`.
    package func createQueue(
        _ name: QueueName, _ settings: QueueSettings, by user: User, now: Timestamp
    ) throws(StorageError) {
        try settings.validate(for: name)
        try transaction { () throws(StorageError) in
            guard try settingsOfQueue(name) == nil else { throw .queueExists(name) }
            try write(settings, of: name, createdAt: now)
            let detail = settings.described.map { "\($0.name)=\($0.value)" }.joined(separator: " ")
            try recordEvent("queue.create", subject: name.text, detail: detail, by: user, now: now)
        }
    }

    /// Changes a queue: its limits for every step that begins from now on, the rest for every job that is claimed. Jobs
    /// that its budget held look again at once.
    /// - Parameter known: what the caller made `settings` of; nil: whatever they are now.
    /// - Returns: false, and nothing is changed, where somebody else has changed them since.
    /// - Throws: `.noSuchQueue`, `.invalidSettings`.
    @discardableResult
    package func setQueue(
        _ name: QueueName, _ settings: QueueSettings, from known: QueueSettings? = nil, by user: User, now: Timestamp
    ) throws(StorageError) -> Bool {
        try settings.validate(for: name)
        return try transaction { () throws(StorageError) in
            guard let before = try settingsOfQueue(name) else { throw .noSuchQueue(name) }
            if let known, known != before { return false }
            let changes = zip(before.described, settings.described).filter { $0.value != $1.value }
            guard !changes.isEmpty else { return true }
            try write(settings, of: name, createdAt: now)
            let concernsBudget =
                before.limits != settings.limits || before.onBudget != settings.onBudget
                || before.pacing != settings.pacing
                || before.switcher != settings.switcher || before.timeZone != settings.timeZone
                // What a step may take at worst is less where it may write less.
                || before.stepTokens != settings.stepTokens
                || before.deepthinkCallsPerJob != settings.deepthinkCallsPerJob || before.observe != settings.observe
            if concernsBudget {
                try wakeHeldByBudget(in: name)
            }
            let detail = changes.map { "\($0.name)=\($0.value)->\($1.value)" }.joined(separator: " ")
            try recordEvent("queue.set", subject: name.text, detail: detail, by: user, now: now)
            return true
        }
    }

    /// nil where there is no such queue.
    func settingsOfQueue(_ name: QueueName) throws(StorageError) -> QueueSettings? {
        try database.first("SELECT * FROM queue WHERE name = ?", name.text) { (row: Row) throws(StorageError) in
            try row.queueSettings()
        }
    }

    private func write(
        _ settings: QueueSettings, of name: QueueName, createdAt: Timestamp
    ) throws(StorageError) {
        knownQueues = nil
        try database.run(
            """
            INSERT INTO queue (
                name, created_at_ms, limit_calls, limit_tokens, limit_gpu_ms, time_zone, on_budget, switcher_kind,
                switcher_cost, switcher_parameter, exploration_rate, exploration_share, max_steps, step_tokens,
                max_attempts, is_paused, is_draining, max_running, share, retention_days, warn_at,
                deepthink_calls_per_job, observe, pacing, least_reward, most_reward)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (name) DO UPDATE SET
                limit_calls = excluded.limit_calls, limit_tokens = excluded.limit_tokens,
                limit_gpu_ms = excluded.limit_gpu_ms, time_zone = excluded.time_zone, on_budget = excluded.on_budget,
                switcher_kind = excluded.switcher_kind, switcher_cost = excluded.switcher_cost,
                switcher_parameter = excluded.switcher_parameter, exploration_rate = excluded.exploration_rate,
                exploration_share = excluded.exploration_share, max_steps = excluded.max_steps,
                step_tokens = excluded.step_tokens, max_attempts = excluded.max_attempts,
                is_paused = excluded.is_paused, is_draining = excluded.is_draining,
                max_running = excluded.max_running, share = excluded.share,
                retention_days = excluded.retention_days, warn_at = excluded.warn_at,
                deepthink_calls_per_job = excluded.deepthink_calls_per_job, observe = excluded.observe,
                pacing = excluded.pacing, least_reward = excluded.least_reward, most_reward = excluded.most_reward
            """, name.text, createdAt.milliseconds, settings.limits.calls, settings.limits.tokens,
            settings.limits.gpuMilliseconds, settings.timeZone, settings.onBudget.rawValue,
            settings.switcher.kind.rawValue, settings.switcher.cost, settings.switcher.parameter,
            settings.switcher.explorationRate, settings.switcher.explorationShare, settings.maxSteps,
            settings.stepTokens, settings.maxAttempts, settings.isPaused, settings.isDraining, settings.maxRunning,
            settings.share, settings.retentionDays, settings.warnAt, settings.deepthinkCallsPerJob,
            settings.observe.rawValue, settings.pacing.rawValue, settings.leastReward, settings.mostReward)
    }

    /// Makes the jobs of a queue claimable that its budget held: it may have become larger.
    func wakeHeldByBudget(in queue: QueueName) throws(StorageError) {
        try database.run(
            """
            UPDATE job SET state = 'pending', pending_reason = 'Priority', wake_at_ms = NULL
            WHERE queue = ? AND state IN ('pending', 'held') AND pending_reason = 'BudgetExhausted'
            """, queue.text)
    }
}
