package import Domain

extension QueueChanges {
    /// `settings` with these changes.
    /// - Throws: `.invalidArgument` where the result is out of range.
    package func applied(to settings: QueueSettings) throws(ControlError) -> QueueSettings {
        var changed = settings
        if let deepthinkCalls { changed.limits.calls = deepthinkCalls }
        if let deepthinkTokens { changed.limits.tokens = deepthinkTokens }
        if let deepthinkGPUMilliseconds { changed.limits.gpuMilliseconds = deepthinkGPUMilliseconds }
        if let deepthinkCallsPerJob { changed.deepthinkCallsPerJob = deepthinkCallsPerJob }
        for unit in removeLimits ?? [] {
            switch unit {
            case .calls: changed.limits.calls = nil
            case .tokens: changed.limits.tokens = nil
            case .gpuTime: changed.limits.gpuMilliseconds = nil
            case .jobCalls: changed.deepthinkCallsPerJob = nil
            }
        }
        if let timeZone { changed.timeZone = timeZone }
        if let onBudget { changed.onBudget = onBudget }
        if let observe { changed.observe = observe }
        if let pacing { changed.pacing = pacing }
        if let switcherKind { changed.switcher.kind = switcherKind }
        if let cost { changed.switcher.cost = cost }
        if let parameter { changed.switcher.parameter = parameter }
        if let explorationRate { changed.switcher.explorationRate = explorationRate }
        if let explorationShare { changed.switcher.explorationShare = explorationShare }
        if let maxSteps { changed.maxSteps = maxSteps }
        if let stepTokens { changed.stepTokens = stepTokens }
        if let maxAttempts { changed.maxAttempts = maxAttempts }
        if let isPaused { changed.isPaused = isPaused }
        if let isDraining { changed.isDraining = isDraining }
        if let maxRunning { changed.maxRunning = maxRunning == 0 ? nil : maxRunning }
        if let share { changed.share = share }
        if let retentionDays { changed.retentionDays = retentionDays == 0 ? nil : retentionDays }
        if let warnAt { changed.warnAt = warnAt }
        if let leastReward { changed.leastReward = leastReward }
        if let mostReward { changed.mostReward = mostReward }
        try changed.validate()
        return changed
    }

    /// Checks what can be checked without the queue's settings.
    /// - Throws: `.invalidArgument` where no queue could take the changes.
    package func validate() throws(ControlError) {
        var any = QueueSettings()
        // Within the range of every kind.
        any.switcher.parameter = 0
        _ = try applied(to: any)
    }
}

extension QueueSettings {
    /// Checks every range; the time zone's existence is the daemon's to check.
    /// - Throws: `.invalidArgument` that names the setting, its value and its range.
    package func validate() throws(ControlError) {
        func check(_ isValid: Bool, _ argument: String, _ value: Any, _ remedy: String) throws(ControlError) {
            guard isValid else {
                throw .invalidArgument(argument: argument, value: "\(value)", remedy: remedy)
            }
        }
        for (name, limit) in [
            ("limits.calls", limits.calls), ("limits.tokens", limits.tokens),
            ("limits.gpuMilliseconds", limits.gpuMilliseconds),
        ] {
            // Sums of limits, reservations and spend must stay within 64 bits.
            try check((0...BudgetLimits.most).contains(limit ?? 0), name, limit ?? 0, "use 0 to 10^15")
        }
        try SubmissionLimits.check(
            deepthinkCallsPerJob, "deepthinkCallsPerJob", in: SubmissionLimits.deepthinkCalls)
        try check(!timeZone.isEmpty, "timeZone", timeZone, "use an IANA zone name such as Europe/Berlin")
        try check((0...1_000_000).contains(switcher.cost), "switcher.cost", switcher.cost, "use a number >= 0")
        switch switcher.kind {
        case .random:
            try check(
                (0...1).contains(switcher.parameter), "switcher.parameter", switcher.parameter,
                "use a probability of DEEPTHINK, 0 to 1")
        case .threshold:
            try check(
                (-1_000_000...0).contains(switcher.parameter), "switcher.parameter", switcher.parameter,
                "use a mean log-probability per token, at most 0, such as -0.5")
        case .fittedQ, .fittedQMLP, .sac, .certaintyEquivalence, .bandit, .alwaysQuick, .alwaysDeepthink, .swiftSage:
            try check(switcher.parameter.isFinite, "switcher.parameter", switcher.parameter, "use a number")
        }
        try check(
            (0...1).contains(switcher.explorationRate), "switcher.explorationRate", switcher.explorationRate,
            "use 0 to 1")
        try check(
            (0...1).contains(switcher.explorationShare), "switcher.explorationShare", switcher.explorationShare,
            "use 0 to 1")
        try check((1...10_000).contains(maxSteps), "maxSteps", maxSteps, "use 1 to 10000")
        try check((1...1_000_000).contains(stepTokens), "stepTokens", stepTokens, "use 1 to 1000000")
        try SubmissionLimits.check(maxAttempts, "maxAttempts", in: SubmissionLimits.maxAttempts)
        try check(
            (1...100_000).contains(maxRunning ?? 1), "maxRunning", maxRunning ?? 1, "use 1 to 100000, or none")
        try check((1...100).contains(share), "share", share, "use 1 to 100")
        try check(
            (1...36_500).contains(retentionDays ?? 1), "retentionDays", retentionDays ?? 1,
            "use 1 to 36500 days, or none")
        try check((0...1).contains(warnAt), "warnAt", warnAt, "use 0 to 1")
        for (name, reward) in [("leastReward", leastReward), ("mostReward", mostReward)] {
            try check(Outcome.rewards.contains(reward), name, reward, "use a number from -1000 to 1000")
        }
        try check(
            leastReward < mostReward, "mostReward", mostReward, "use a number above the least reward, \(leastReward)")
    }
}
