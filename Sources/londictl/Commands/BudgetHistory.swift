import Control
import Domain

extension Command {
    static let budgetHistory = Command(
        words: ["budget", "history"], summary: "List who changed budgets and queues, when and how, newest first",
        arguments: ["[QUEUE]"], options: [CommandOption("limit", "N", "at most so many; 100 by default")],
        examples: ["budget history", "budget history maths -o at,user,change"], output: .table
    ) { invocation async throws(CommandError) in
        let queue: QueueName? =
            if let text = invocation.arguments.first { try invocation.queue(text) } else { nil }
        let now = invocation.console.now()
        var listing = try Listing(EventText.columns(now: { now }), invocation)
        let parameters = ListEvents.Parameters(
            actions: ["queue.create", "queue.set", "budget.grant", "budget.revoke"], subject: queue?.text,
            limit: try invocation.limit())
        let reply = try await Session(invocation).call(ListEvents.self, parameters)
        // The first of them made the queue.
        if let queue, reply.events.isEmpty { throw .control(.notFound(kind: "queue", name: queue.text)) }
        listing.print(reply.events, of: reply)
        return .ok
    }
}
