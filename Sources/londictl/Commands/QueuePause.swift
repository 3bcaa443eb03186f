import Control

extension Command {
    static let queuePause = Command(
        words: ["queue", "pause"], summary: "Start no more jobs of a queue; running ones go on", arguments: ["QUEUE"],
        examples: ["queue pause maths"]
    ) { invocation async throws(CommandError) in
        try await changeQueue(QueueChanges(isPaused: true), "paused", invocation)
        return .ok
    }
}

/// Changes the queue that the invocation names, and says so with `word`.
func changeQueue(_ changes: QueueChanges, _ word: String, _ invocation: Invocation) async throws(CommandError) {
    let name = try invocation.queue(invocation.arguments[0])
    let reply = try await Session(invocation).call(SetQueue.self, .init(name: name, changes: changes))
    QueueText.report(reply.queue, word, invocation)
}
