import Control

extension Command {
    static let auditReplay = Command(
        words: ["audit", "replay"],
        summary:
            "Learn every version of a queue's policy again from the stored outcomes, and compare; exit 1 if any differs",
        arguments: ["QUEUE"], examples: ["audit replay maths", "audit replay maths --jsonl"], output: .table
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let console = invocation.console
        var listing = try Listing<PolicyReplayView>(
            [
                Column("version", isRight: true) { "\($0.version)" }, Column("verdict") { $0.verdict.rawValue },
                Column("reason") { $0.reason ?? "" },
            ], invocation)
        InterruptNotice.set(
            "\ninterrupted; nothing was changed: `londictl audit replay \(queue)` compares from the start\n")
        var all: [PolicyReplayView] = []
        // Rows on the same terminal tell the same.
        let draws = invocation.isSet("json") || !console.isTerminal
        var progress = ProgressLine("replaying \(queue)", console)
        try await Session(invocation).stream(ReplayPolicy.self, .init(queue: queue)) { reply throws(CommandError) in
            all += reply.versions
            if !invocation.isSet("json") && !reply.versions.isEmpty { listing.print(reply.versions) }
            guard draws else { return }
            progress.draw("\(all.count)/\(reply.total) versions", count: all.count, done: all.count, of: reply.total)
        }
        progress.clear()
        if invocation.isSet("json") {
            invocation.writeObject(ReplayPolicy.Reply(total: all.count, versions: all))
        }
        return all.contains { $0.verdict == .different } ? .jobFailed : .ok
    }
}
