import Control

extension Command {
    static let queuePause = Command(
        words: ["queue", "pause"], summary: "Start no more jobs of a queue; running ones go on", arguments: ["QUEUE"],
        examples: ["queue pause maths"]
    ) { invocation async throws(CommandError) in try await setPaused(true, "paused", invocation) }
}

/// Pauses or resumes the queue that the invocation names.
func setPaused(_ isPaused: Bool, _ word: String, _ invocation: Invocation) async throws(CommandError) -> ExitCode {
    let name = try invocation.queue(invocation.arguments[0])
    let changes = QueueChanges(isPaused: isPaused)
    let reply = try await Session(invocation).call(SetQueue.self, .init(name: name, changes: changes))
    QueueText.report(reply.queue, word, invocation)
    return .ok
}
