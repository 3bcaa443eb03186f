import Control
import Domain

extension Command {
    static let budgetSetDay = Command(
        words: ["budget", "set-day"],
        summary: "Take a queue back to the day by the clock, after a clock that was ahead",
        arguments: ["QUEUE"], examples: ["budget set-day maths"]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let reply = try await Session(invocation).call(SetBudgetDay.self, .init(queue: queue))
        let budget = reply.budget
        invocation.write(
            reply,
            orText: "Queue \(queue): back from \(reply.before) to \(budget.day); of that day "
                + "\(Phrase.budget(budget)) spent or reserved\n")
        return .ok
    }
}
