import Control
import Domain

extension Command {
    static let policyVersions = Command(
        words: ["policy", "versions"], summary: "List the kept versions of a queue's policy and what their trials said",
        arguments: ["QUEUE"], options: [CommandOption("limit", "N", "at most so many")],
        examples: ["policy versions maths", "policy versions maths -o version,net,interval,incumbent_net"],
        output: .table
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let now = invocation.console.now()
        var listing = try Listing<PolicyVersionView>(
            [
                Column("version", isRight: true) { "\($0.version)" },
                Column("age") { Phrase.relative($0.createdAt, now: now) },
                Column("episodes", isRight: true) { "\($0.episodeCount)" },
                Column("verdict") { Phrase.verdict($0) },
                Column("net", isRight: true) { Phrase.reward($0.estimate(of: .candidate)?.net.value) },
                Column("interval") { Phrase.interval($0.estimate(of: .candidate)?.net) },
                Column("against") { version in version.incumbent.map { "\($0)" } ?? "" },
                Column("bound", isRight: true) { Phrase.reward($0.estimate(of: .incumbent)?.net.lower) },
                Column("in_force") { $0.isCurrent ? "yes" : "" },
                Column("calls", isRight: true, isDefault: false) {
                    Phrase.reward($0.estimate(of: .candidate)?.calls.value)
                },
                Column("effective", isRight: true, isDefault: false) { version in
                    version.estimate(of: .candidate).map { Phrase.number($0.effectiveCount, digits: 1) } ?? ""
                },
                Column("sha256", isDefault: false) { $0.sha256 },
                Column("created", isDefault: false) { RFC3339.text(of: $0.createdAt) },
            ], invocation)
        let parameters = ListPolicyVersions.Parameters(queue: queue, limit: try invocation.limit())
        let reply = try await Session(invocation).call(ListPolicyVersions.self, parameters)
        listing.print(reply.versions, of: reply)
        return .ok
    }
}

extension PolicyVersionView {
    /// What its trial estimated of a contestant; nil without a trial.
    fileprivate func estimate(of contestant: PolicyContestant) -> PolicyEstimate? {
        trial.first { $0.contestant == contestant }?.estimate
    }
}
