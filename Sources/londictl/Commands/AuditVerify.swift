import Control

extension Command {
    static let auditVerify = Command(
        words: ["audit", "verify"],
        summary: "Recompute the ledger's chain, counters, reservations and job sums, and report every difference",
        examples: ["audit verify", "audit verify --json"]
    ) { invocation async throws(CommandError) in
        let reply = try await Session(invocation).call(VerifyBooks.self, .init())
        if invocation.isSet("json") || invocation.isSet("jsonl") {
            invocation.console.write(JSONText.text(of: reply) + "\n")
        } else {
            for difference in reply.differences {
                invocation.console.write(
                    "\(difference.check): \(difference.subject): expected \(difference.expected), found \(difference.found)\n"
                )
            }
            let verdict = reply.differences.isEmpty ? "The books agree" : "\(reply.differences.count) differences"
            let seal = reply.lastHash.map { ", the last sealed \($0)" } ?? ""
            invocation.console.write("\(verdict): \(reply.entries) ledger entries\(seal)\n")
        }
        return reply.differences.isEmpty ? .ok : .error
    }
}
