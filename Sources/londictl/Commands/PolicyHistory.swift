import Control
import Domain

extension Command {
    static let policyHistory = Command(
        words: ["policy", "history"], summary: "List what changed a queue's policy, by whom and why, newest first",
        arguments: ["QUEUE"], options: [CommandOption("limit", "N", "at most so many; 100 by default")],
        examples: ["policy history maths"], output: .table
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let now = invocation.console.now()
        var listing = try Listing<PolicyEvent>(
            [
                Column("age") { Phrase.relative($0.at, now: now) },
                Column("action") { $0.action.rawValue },
                Column("version", isRight: true) { $0.version.map { "\($0)" } ?? "-" },
                Column("frozen") { $0.isFrozen ? "yes" : "" },
                Column("acts") { $0.standIn.map { "always \(Phrase.role($0))" } ?? "the version" },
                Column("by") { $0.user ?? "londid" },
                Column("reason") { $0.reason },
                Column("at", isDefault: false) { RFC3339.text(of: $0.at) },
            ], invocation)
        let parameters = ListPolicyEvents.Parameters(queue: queue, limit: try invocation.limit())
        let reply = try await Session(invocation).call(ListPolicyEvents.self, parameters)
        listing.print(reply.events, of: reply)
        return .ok
    }
}
