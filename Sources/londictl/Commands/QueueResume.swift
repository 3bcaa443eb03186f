import Control

extension Command {
    static let queueResume = Command(
        words: ["queue", "resume"], summary: "Open a paused or draining queue again", arguments: ["QUEUE"],
        examples: ["queue resume maths"]
    ) { invocation async throws(CommandError) in
        try await changeQueue(QueueChanges(isPaused: false, isDraining: false), "resumed", invocation)
        return .ok
    }
}
