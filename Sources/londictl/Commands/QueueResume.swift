extension Command {
    static let queueResume = Command(
        words: ["queue", "resume"], summary: "Start a paused queue's jobs again", arguments: ["QUEUE"],
        examples: ["queue resume maths"]
    ) { invocation async throws(CommandError) in try await setPaused(false, "resumed", invocation) }
}
