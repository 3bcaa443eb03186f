import Control

extension Command {
    static let queueSet = Command(
        words: ["queue", "set"], summary: "Change a queue's settings; those not named stay", arguments: ["QUEUE"],
        options: QueueOptions.all,
        examples: ["queue set maths --deepthink-calls 50/day", "queue set maths --deepthink-tokens none"]
    ) { invocation async throws(CommandError) in
        let name = try invocation.queue(invocation.arguments[0])
        let changes = try QueueOptions.changes(invocation)
        guard changes != QueueChanges() else {
            throw .usage("nothing to change: name at least one option; `londictl help queue set` lists them")
        }
        try invocation.parse { () throws(ControlError) in try changes.validate() }
        let reply = try await Session(invocation).call(SetQueue.self, .init(name: name, changes: changes))
        QueueText.report(reply.queue, "changed", invocation)
        return .ok
    }
}
