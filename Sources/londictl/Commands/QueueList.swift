import Control

extension Command {
    static let queueList = Command(
        words: ["queue", "list"], summary: "List the queues with their limits and jobs", examples: ["queue list"],
        output: .table
    ) { invocation async throws(CommandError) in
        var listing = try Listing(QueueText.columns, invocation)
        let reply = try await Session(invocation).call(ListQueues.self, .init())
        listing.print(reply.queues, of: reply)
        return .ok
    }
}
