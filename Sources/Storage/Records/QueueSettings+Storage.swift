internal import Domain

extension QueueSettings {
    /// - Throws: `.invalidSettings` with the first value that no queue can have.
    func validate(for queue: QueueName) throws(StorageError) {
        func need(_ isGood: Bool, _ complaint: @autoclosure () -> String) throws(StorageError) {
            guard isGood else { throw .invalidSettings(queue: queue, complaint: complaint()) }
        }
        let named = [
            ("DEEPTHINK calls", limits.calls), ("DEEPTHINK tokens", limits.tokens),
            ("DEEPTHINK GPU time", limits.gpuMilliseconds),
        ]
        for (name, limit) in named {
            if let limit {
                try need(limit >= 0, "a limit of \(limit) \(name) a day is less than nothing: use 0 or more")
                // Sums of limits, grants, reservations and spend must stay within 64 bits.
                try need(limit <= BudgetLimits.most, "a limit of \(limit) \(name) a day is too high: use at most 10^15")
            }
        }
        try need(!timeZone.isEmpty, "a time zone needs an IANA name such as Europe/Berlin")
        try need(maxSteps >= 1, "\(maxSteps) steps are too few: use 1 or more")
        try need(stepTokens >= 1, "\(stepTokens) tokens a step are too few: use 1 or more")
        try need(maxAttempts >= 1, "\(maxAttempts) attempts are too few: use 1 or more")
        try need(
            maxRunning ?? 1 >= 1, "at most \(maxRunning ?? 0) running jobs are too few: use 1 or more, or pause it")
        try need((1...100).contains(share), "a share of \(share) is none: use 1 to 100")
        try need(
            deepthinkCallsPerJob ?? 0 >= 0,
            "a limit of \(deepthinkCallsPerJob ?? 0) DEEPTHINK calls a job is less than nothing: use 0 or more")
        try need(retentionDays ?? 1 >= 1, "a retention of \(retentionDays ?? 0) days is too short: use 1 or more")
        try need(
            switcher.cost >= 0 && switcher.cost.isFinite,
            "a cost of \(switcher.cost) is none: use a number of 0 or more")
        try need(switcher.parameter.isFinite, "a parameter of \(switcher.parameter) is none: use a number")
        try need((0...1).contains(warnAt), "a warning at a share of \(warnAt) is none: use 0 to 1")
        try need(
            Outcome.rewards.contains(leastReward) && Outcome.rewards.contains(mostReward) && leastReward < mostReward,
            "rewards from \(leastReward) to \(mostReward) are no range: use two numbers from -1000 to 1000, the lower first"
        )
        for (name, share) in [("rate", switcher.explorationRate), ("share", switcher.explorationShare)] {
            try need((0...1).contains(share), "an exploration \(name) of \(share) is none: use 0 to 1")
        }
    }

    /// Each setting's name and value, always in the same order.
    var described: [(name: String, value: String)] {
        func limit(_ value: Int64?) -> String { value.map { "\($0)" } ?? "none" }
        return [
            ("limit-calls", limit(limits.calls)), ("limit-tokens", limit(limits.tokens)),
            ("limit-gpu-ms", limit(limits.gpuMilliseconds)), ("time-zone", timeZone),
            ("on-budget", onBudget.rawValue),
            ("calls-per-job", limit(deepthinkCallsPerJob.map(Int64.init))), ("observe", observe.rawValue),
            ("pacing", pacing.rawValue), ("switcher", switcher.kind.rawValue), ("cost", "\(switcher.cost)"),
            ("parameter", "\(switcher.parameter)"), ("exploration-rate", "\(switcher.explorationRate)"),
            ("exploration-share", "\(switcher.explorationShare)"), ("max-steps", "\(maxSteps)"),
            ("step-tokens", "\(stepTokens)"), ("max-attempts", "\(maxAttempts)"), ("paused", "\(isPaused)"),
            ("draining", "\(isDraining)"), ("max-running", limit(maxRunning.map(Int64.init))), ("share", "\(share)"),
            ("retention-days", limit(retentionDays.map(Int64.init))),
            ("warn-at", "\(warnAt)"), ("least-reward", "\(leastReward)"), ("most-reward", "\(mostReward)"),
        ]
    }
}
