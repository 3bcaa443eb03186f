import Control

extension Command {
    static let policyVersions = Command(
        words: ["policy", "versions"], summary: "List the published versions of a queue's policy",
        arguments: ["QUEUE"], options: [CommandOption("limit", "N", "at most so many")],
        examples: ["policy versions maths"], output: .table
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let now = invocation.console.now()
        var listing = try Listing<PolicyVersionView>(
            [
                Column("version", isRight: true) { "\($0.version)" },
                Column("age") { Phrase.relative($0.createdAt, now: now) },
                Column("episodes", isRight: true) { "\($0.episodeCount)" },
                Column("current") { $0.isCurrent ? "yes" : "" },
                Column("created", isDefault: false) { RFC3339.text(of: $0.createdAt) },
            ], invocation)
        let parameters = ListPolicyVersions.Parameters(
            queue: queue, limit: try invocation.limit())
        let reply = try await Session(invocation).call(ListPolicyVersions.self, parameters)
        if invocation.isSet("json") {
            invocation.console.write(JSONText.text(of: reply) + "\n")
        } else {
            listing.print(reply.versions)
        }
        return .ok
    }
}
