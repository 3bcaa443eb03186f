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
        var all: [PolicyReplayView] = []
        try await Session(invocation).stream(ReplayPolicy.self, .init(queue: queue)) { reply throws(CommandError) in
            all += reply.versions
            if !invocation.isSet("json") && !reply.versions.isEmpty { listing.print(reply.versions) }
            guard console.drawsProgress, !console.isTerminal else { return }
            console.complain("\r\(all.count)/\(reply.total) versions\u{1b}[K")
        }
        if console.drawsProgress && !console.isTerminal { console.complain("\r\u{1b}[K") }
        if invocation.isSet("json") {
            invocation.writeObject(ReplayPolicy.Reply(total: all.count, versions: all))
        }
        return all.contains { $0.verdict == .different } ? .jobFailed : .ok
    }
}
