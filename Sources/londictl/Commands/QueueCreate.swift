import Control
import Domain

extension Command {
    static let queueCreate = Command(
        words: ["queue", "create"], summary: "Make a queue with its budget and its Switcher", arguments: ["QUEUE"],
        options: QueueOptions.all,
        examples: [
            "queue create maths --deepthink-calls 30/day --time-zone Europe/Berlin --on-budget quick",
            "queue create baseline --switcher always-quick",
        ]
    ) { invocation async throws(CommandError) in
        let name = try invocation.queue(invocation.arguments[0])
        let changes = try QueueOptions.changes(invocation)
        let settings = try invocation.parse { () throws(ControlError) in try changes.applied(to: QueueSettings()) }
        let reply = try await Session(invocation).call(CreateQueue.self, .init(name: name, settings: settings))
        QueueText.report(reply.queue, "created", invocation)
        return .ok
    }
}
