import Control
import Domain

extension Command {
    static let budgetShow = Command(
        words: ["budget", "show"], summary: "Show today's DEEPTHINK budgets: limits, spent, reserved, reset",
        arguments: ["[QUEUE]"], examples: ["budget show", "budget show maths --json"], output: .table
    ) { invocation async throws(CommandError) in
        let queue: QueueName? =
            if let text = invocation.arguments.first { try invocation.queue(text) } else { nil }
        let now = invocation.console.now()
        @Sendable func used(_ spend: Int64, of limit: Int64?) -> String { limit.map { "\(spend)/\($0)" } ?? "\(spend)" }
        var listing = try Listing<BudgetView>(
            [
                Column("queue") { $0.queue.text },
                Column("day") { $0.day.description },
                Column("calls", isRight: true) { used($0.spent.calls, of: $0.limits.calls) },
                Column("tokens", isRight: true) { used($0.spent.tokens, of: $0.limits.tokens) },
                Column("gpu_s", isRight: true) { budget in
                    let spent = Phrase.seconds(budget.spent.gpuMilliseconds)
                    return budget.limits.gpuMilliseconds.map { "\(spent)/\(Phrase.seconds($0))" } ?? spent
                },
                Column("reserved", isRight: true) { "\($0.reserved.calls)" },
                Column("granted") { Phrase.grants($0.grants) },
                Column("on_budget") { $0.onBudget.rawValue },
                Column("price", isRight: true) { budget in budget.pacing.map { Phrase.number($0.price) } ?? "-" },
                Column("resets") { Phrase.relative($0.resetsAt, now: now) },
                Column("left", isRight: true, isDefault: false) { Phrase.share($0.remainingShare) },
                Column("warned", isDefault: false) { $0.isWarned ? "yes" : "no" },
                Column("time_zone", isDefault: false) { $0.timeZone },
                Column("resets_at", isDefault: false) { RFC3339.text(of: $0.resetsAt) },
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
