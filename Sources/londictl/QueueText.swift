import Control
import Domain

/// Queues for people.
enum QueueText {
    static let columns: [Column<QueueView>] = [
        Column("queue") { $0.name.text },
        Column("state", style: { $0.settings.isPaused || $0.settings.isDraining ? .warning : nil }) {
            state($0.settings)
        },
        Column("deepthink_day") { Phrase.limits($0.settings.limits) },
        Column("on_budget", isMinor: true) { $0.settings.onBudget.rawValue },
        Column("switcher", isMinor: true) { $0.settings.switcher.kind.rawValue },
        Column("cost", isRight: true, isMinor: true) { Phrase.number($0.settings.switcher.cost) },
        Column("pending", isRight: true) { "\($0.jobs.pending + $0.jobs.held)" },
        Column("running", isRight: true) { queue in
            queue.settings.maxRunning.map { "\(queue.jobs.running)/\($0)" } ?? "\(queue.jobs.running)"
        },
        Column("calls_per_job", isRight: true, isDefault: false) {
            $0.settings.deepthinkCallsPerJob.map { "\($0)" } ?? "none"
        },
        Column("observe", isDefault: false) { $0.settings.observe.rawValue },
        Column("pacing", isDefault: false) { $0.settings.pacing.rawValue },
        Column("time_zone", isDefault: false) { $0.settings.timeZone },
        Column("parameter", isRight: true, isDefault: false) { Phrase.number($0.settings.switcher.parameter) },
        Column("exploration_rate", isRight: true, isDefault: false) {
            Phrase.number($0.settings.switcher.explorationRate)
        },
        Column("exploration_share", isRight: true, isDefault: false) {
            Phrase.number($0.settings.switcher.explorationShare)
        },
        Column("max_steps", isRight: true, isDefault: false) { "\($0.settings.maxSteps)" },
        Column("step_tokens", isRight: true, isDefault: false) { "\($0.settings.stepTokens)" },
        Column("max_attempts", isRight: true, isDefault: false) { "\($0.settings.maxAttempts)" },
        Column("max_running", isRight: true, isDefault: false) { $0.settings.maxRunning.map { "\($0)" } ?? "none" },
        Column("share", isRight: true, isDefault: false) { "\($0.settings.share)" },
        Column("retention_days", isRight: true, isDefault: false) {
            $0.settings.retentionDays.map { "\($0)" } ?? "none"
        },
        Column("warn_at", isRight: true, isDefault: false) { Phrase.number($0.settings.warnAt) },
        Column("rewards", isDefault: false) {
            "\(Phrase.number($0.settings.leastReward))..\(Phrase.number($0.settings.mostReward))"
        },
        Column("created", isDefault: false) { RFC3339.text(of: $0.createdAt) },
    ]

    /// A paused queue starts no jobs, draining or not.
    private static func state(_ settings: QueueSettings) -> String {
        if settings.isPaused { return settings.isDraining ? "paused, draining" : "paused" }
        return settings.isDraining ? "draining" : "open"
    }

    /// Says what a command did to a queue.
    static func report(_ queue: QueueView, _ word: String, _ invocation: Invocation) {
        if invocation.isForMachines {
            invocation.writeObject(queue)
            return
        }
        let settings = queue.settings
        let perJob = settings.deepthinkCallsPerJob.map { ", at most \(Phrase.count(Int64($0), "call")) a job" } ?? ""
        let observe = settings.observe == .draft ? " after QUICK's draft" : ""
        invocation.console.write(
            "Queue \(queue.name) \(word): DEEPTHINK \(Phrase.limits(settings.limits)) a day "
                + "(\(settings.timeZone)), then \(settings.onBudget.rawValue)\(perJob); "
                + "switcher \(settings.switcher.kind.rawValue)\(observe), cost "
                + "\(Phrase.number(settings.switcher.cost))\(settings.isPaused || settings.isDraining ? "; \(state(settings))" : "")\n"
        )
    }
}
