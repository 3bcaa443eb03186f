import Control
import Domain

/// The options of `queue create` and `queue set`, which say the same things.
enum QueueOptions {
    static let all = [
        CommandOption("deepthink-calls", "N/day", "the day's limit of DEEPTHINK steps, or none"),
        CommandOption("deepthink-tokens", "N/day", "the day's limit of DEEPTHINK tokens, or none"),
        CommandOption("deepthink-gpu-seconds", "N/day", "the day's limit of DEEPTHINK GPU seconds, or none"),
        CommandOption("deepthink-calls-per-job", "N", "the most DEEPTHINK steps of one job, or none"),
        CommandOption("time-zone", "ZONE", "whose midnight begins the day, as Europe/Berlin"),
        CommandOption(
            "on-budget", "WORD", "when the budget is spent: quick, hold or fail", choices: OnBudget.words),
        CommandOption(
            "observe", "WORD", "what is seen before a step is decided: state, or QUICK's draft of it too",
            choices: Observe.words),
        CommandOption(
            "pacing", "WORD", "whether calls get a price, to last the day: on, off or auto", choices: Pacing.words),
        CommandOption(
            "switcher", "KIND",
            SwitcherKind.words.joined(separator: ", "), choices: SwitcherKind.words),
        CommandOption("cost", "REWARD", "what one DEEPTHINK step must be worth"),
        CommandOption("parameter", "NUMBER", "random: probability; threshold: mean log-probability"),
        CommandOption("exploration-rate", "SHARE", "how often a choice is drawn evenly, 0 to 1"),
        CommandOption("exploration-share", "SHARE", "the most of a day's DEEPTHINK calls for that, 0 to 1"),
        CommandOption("max-steps", "N", "the most steps of one job"),
        CommandOption("step-tokens", "N", "the most tokens of one step"),
        CommandOption("max-attempts", "N", "the most attempts of one job"),
        CommandOption("max-running", "N", "the most jobs that run at once, or none"),
        CommandOption("share", "N", "turns for each turn of a queue with share 1, 1 to 100"),
        CommandOption("retention", "DAYS", "how long ended jobs are kept, or none: for ever"),
        CommandOption("warn-at", "SHARE", "the share of a day's budget to warn at, 0 to 1; 0 is never"),
        CommandOption("reward-range", "LEAST..MOST", "what feedback may say of a job, as 0..1 or -1..1"),
    ]

    /// What the options change; those not given stay nil.
    static func changes(_ invocation: Invocation) throws(CommandError) -> QueueChanges {
        var changes = QueueChanges()
        var removed: [MaskReason] = []
        changes.deepthinkCalls = try limit("deepthink-calls", .calls, invocation, Amount.perDay, &removed)
        changes.deepthinkTokens = try limit("deepthink-tokens", .tokens, invocation, Amount.perDay, &removed)
        changes.deepthinkGPUMilliseconds = try limit(
            "deepthink-gpu-seconds", .gpuTime, invocation, Amount.secondsPerDay, &removed)
        if invocation.text("deepthink-calls-per-job") == "none" {
            removed.append(.jobCalls)
        } else {
            changes.deepthinkCallsPerJob = try invocation.integer("deepthink-calls-per-job")
        }
        changes.removeLimits = removed.isEmpty ? nil : removed
        changes.timeZone = invocation.text("time-zone")
        changes.onBudget = try invocation.word("on-budget", OnBudget.self)
        changes.observe = try invocation.word("observe", Observe.self)
        changes.pacing = try invocation.word("pacing", Pacing.self)
        changes.switcherKind = try invocation.word("switcher", SwitcherKind.self)
        changes.cost = try invocation.number("cost")
        changes.parameter = try invocation.number("parameter")
        changes.explorationRate = try invocation.number("exploration-rate")
        changes.explorationShare = try invocation.number("exploration-share")
        changes.maxSteps = try invocation.integer("max-steps")
        changes.stepTokens = try invocation.integer("step-tokens")
        changes.maxAttempts = try invocation.integer("max-attempts")
        changes.maxRunning = try countOrNone("max-running", invocation)
        changes.share = try invocation.integer("share")
        changes.retentionDays = try countOrNone("retention", invocation)
        changes.warnAt = try invocation.number("warn-at")
        if let range = try rewardRange(invocation) { (changes.leastReward, changes.mostReward) = range }
        return changes
    }

    private static func rewardRange(
        _ invocation: Invocation
    ) throws(CommandError) -> (least: Double, most: Double)? {
        guard let text = invocation.text("reward-range") else { return nil }
        guard !text.holds("..."), let dots = text.lastRange(of: ".."), let least = Double(text[..<dots.lowerBound]),
            let most = Double(text[dots.upperBound...]), least < most,
            Outcome.rewards.contains(least), Outcome.rewards.contains(most)
        else {
            throw .usage(
                "--reward-range '\(text)' is no range: use two numbers from -1000 to 1000, the lower first, as 0..1")
        }
        return (least, most)
    }

    /// 0 for `none`; nil where the option is not given.
    private static func countOrNone(_ name: String, _ invocation: Invocation) throws(CommandError) -> Int? {
        if invocation.text(name) == "none" { return 0 }
        let count = try invocation.integer(name)
        guard count ?? 1 >= 1 else { throw .usage("--\(name) '\(count ?? 0)' is too few: use 1 or more, or none") }
        return count
    }

    private static func limit(
        _ name: String, _ unit: MaskReason, _ invocation: Invocation,
        _ read: (String, String) throws(ControlError) -> Int64?, _ removed: inout [MaskReason]
    ) throws(CommandError) -> Int64? {
        guard let text = invocation.text(name) else { return nil }
        let amount: Int64?
        do throws(ControlError) { amount = try read(text, "--\(name)") } catch { throw .usage(error.description) }
        if amount == nil { removed.append(unit) }
        return amount
    }
}
