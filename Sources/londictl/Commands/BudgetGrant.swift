import Control
import Domain

extension Command {
    static let budgetGrant = Command(
        words: ["budget", "grant"], summary: "Add to a queue's DEEPTHINK budget, of today or of each day until one",
        arguments: ["QUEUE"],
        options: [
            CommandOption("calls", "N", "DEEPTHINK steps more a day"),
            CommandOption("tokens", "N", "DEEPTHINK tokens more a day"),
            CommandOption("gpu-seconds", "N", "DEEPTHINK GPU seconds more a day"),
            CommandOption("until", "DAY", "the last day, 2026-11-30; today by default"),
        ],
        examples: ["budget grant maths --calls 20", "budget grant maths --tokens 50k --until 2026-11-30"]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let amount = Spend(
            calls: try amount("calls", Amount.perDay, invocation),
            tokens: try amount("tokens", Amount.perDay, invocation),
            gpuMilliseconds: try amount("gpu-seconds", Amount.secondsPerDay, invocation))
        guard amount != .zero else {
            throw .usage("nothing to grant: give --calls, --tokens or --gpu-seconds more than 0")
        }
        var until: DayKey?
        if let text = invocation.text("until") {
            until = DayKey(parsing: text)
            guard until != nil else { throw .usage("--until '\(text)' is no day such as 2026-11-30") }
        }
        let parameters = GrantBudget.Parameters(queue: queue, amount: amount, until: until)
        try invocation.parse { () throws(ControlError) in try parameters.validate() }
        let reply = try await Session(invocation).call(GrantBudget.self, parameters)
        let last = until ?? reply.budget.day
        report(
            reply.budget,
            "granted \(Phrase.amount(amount)) more \(last > reply.budget.day ? "a day until" : "on") \(last)",
            reply, invocation)
        return .ok
    }

    static let budgetRevoke = Command(
        words: ["budget", "revoke"], summary: "End every grant of a queue; what was spent of them stays spent",
        arguments: ["QUEUE"], examples: ["budget revoke maths"]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let reply = try await Session(invocation).call(RevokeGrants.self, .init(queue: queue))
        report(reply.budget, "\(Phrase.count(reply.count, "grant")) revoked", reply, invocation)
        return .ok
    }
}

private func report(_ budget: BudgetView, _ word: String, _ reply: some Encodable, _ invocation: Invocation) {
    let text = "Queue \(budget.queue): \(word); today \(Phrase.budget(budget)) spent or reserved"
    invocation.write(reply, orText: text + "\n")
}

/// What an option grants; 0 where it is not given.
private func amount(
    _ name: String, _ read: (String, String) throws(ControlError) -> Int64?, _ invocation: Invocation
) throws(CommandError) -> Int64 {
    guard let text = invocation.text(name) else { return 0 }
    let amount: Int64?
    // What is wrong with it is said in words of this command: a grant has no "/day".
    do throws(ControlError) { amount = try read(text, "--\(name)") } catch { amount = nil }
    guard let amount else { throw .usage("--\(name) cannot be '\(text)': use a number such as 20 or 20k") }
    return amount
}
