import Control
import Domain

extension Command {
    static let budgetShow = Command(
        words: ["budget", "show"],
        summary: "Show today's DEEPTHINK budgets: how much is used, how fast, when it ends, the price of a call",
        arguments: ["[QUEUE]"],
        examples: ["budget show", "budget show maths --json", "budget show -o queue,used,burn,exhausts,price"],
        output: .table
    ) { invocation async throws(CommandError) in
        let queue: QueueName? =
            if let text = invocation.arguments.first { try invocation.queue(text) } else { nil }
        let now = invocation.console.now()
        @Sendable func used(_ spend: Int64, of limit: Int64?) -> String { limit.map { "\(spend)/\($0)" } ?? "\(spend)" }
        var listing = try Listing<BudgetView>(
            [
                Column("queue") { $0.queue.text },
                Column("day", isMinor: true) { $0.day.description },
                Column("used", style: { $0.style }) { $0.usedBar },
                Column("calls", isRight: true) { used($0.spent.calls, of: $0.limits.calls) },
                Column("tokens", isRight: true, isMinor: true) { used($0.spent.tokens, of: $0.limits.tokens) },
                Column("gpu_s", isRight: true, isMinor: true) { budget in
                    let spent = Phrase.seconds(budget.spent.gpuMilliseconds)
                    return budget.limits.gpuMilliseconds.map { "\(spent)/\(Phrase.seconds($0))" } ?? spent
                },
                Column("reserved", isRight: true, isMinor: true) { "\($0.reserved.calls)" },
                Column("granted", isMinor: true) { Phrase.grants($0.grants) },
                Column("on_budget", isMinor: true) { $0.onBudget.rawValue },
                Column("burn", isRight: true) { Phrase.burn($0) },
                Column("exhausts", style: { $0.burn?.exhaustedAt == nil ? nil : .warning }) { budget in
                    budget.burn?.exhaustedAt.map { $0 <= now ? "spent" : Phrase.relative($0, now: now) } ?? "-"
                },
                Column("price", isRight: true) { budget in budget.pacing.map { Phrase.number($0.price) } ?? "-" },
                Column("resets") { Phrase.relative($0.resetsAt, now: now) },
                Column("left", isRight: true, isDefault: false) { Phrase.share($0.remainingShare) },
                Column("warned", isDefault: false) { $0.isWarned ? "yes" : "no" },
                Column("time_zone", isDefault: false) { $0.timeZone },
                Column("resets_at", isDefault: false) { RFC3339.text(of: $0.resetsAt) },
                Column("exhausts_at", isDefault: false) { budget in
                    budget.burn?.exhaustedAt.map { RFC3339.text(of: $0) } ?? ""
                },
                Column("reserved_tokens", isRight: true, isDefault: false) { "\($0.reserved.tokens)" },
                Column("reserved_gpu_s", isRight: true, isDefault: false) {
                    Phrase.seconds($0.reserved.gpuMilliseconds)
                },
                Column("jobs_to_come", isRight: true, isDefault: false) { budget in
                    budget.pacing.map { Phrase.number($0.jobsToCome, digits: 1) } ?? "-"
                },
                Column("calls_to_come", isRight: true, isDefault: false) { budget in
                    budget.pacing.map { Phrase.number($0.callsToCome, digits: 1) } ?? "-"
                },
                Column("calls_left", isRight: true, isDefault: false) { budget in
                    budget.pacing.map { Phrase.number($0.callsLeft, digits: 1) } ?? "-"
                },
                Column("exploration_calls", isRight: true, isDefault: false) { "\($0.explorationCalls)" },
            ], invocation)
        let reply = try await Session(invocation).call(ShowBudgets.self, .init(queue: queue))
        listing.print(reply.budgets, of: reply)
        if queue != nil, !invocation.isForMachines, let pacing = reply.budgets.first?.pacing {
            invocation.console.complain(Phrase.pacing(pacing) + "\n")
        }
        return .ok
    }
}

extension BudgetView {
    private var isLimited: Bool { limits != BudgetLimits() }

    /// `[#######...] 73 %` of the scarcest unit, with what running steps reserve; nothing where nothing is limited.
    var usedBar: String {
        guard isLimited else { return "" }
        let used = 1 - remainingShare
        return "\(Chart.bar(Int(used * 10), of: 10)) \(Phrase.number(used * 100, digits: 0)) %"
    }

    /// How much is used, in colour.
    var style: Style? {
        guard isLimited else { return nil }
        return remainingShare <= 0 ? .bad : isWarned ? .warning : .good
    }
}
