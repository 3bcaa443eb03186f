import Control

extension Command {
    static let auditVerify = Command(
        words: ["audit", "verify"],
        summary: "Recompute the ledger's chain, counters, reservations and job sums, and report every difference",
        examples: ["audit verify", "audit verify --json"]
    ) { invocation async throws(CommandError) in
        let reply = try await Session(invocation).call(VerifyBooks.self, .init())
        if invocation.isForMachines {
            invocation.console.write(JSONText.text(of: reply) + "\n")
        } else {
            for difference in reply.differences {
                invocation.console.write(
                    "\(difference.check): \(difference.subject): expected \(difference.expected), "
                        + "found \(difference.found)\n"
                )
            }
            let verdict =
                reply.differences.isEmpty ? "The books agree" : Phrase.count(reply.differences.count, "difference")
            let seal = reply.lastHash.map { ", the last sealed \($0)" } ?? ""
            invocation.console.write("\(verdict): \(Phrase.count(reply.entries, "ledger entry"))\(seal)\n")
        }
        return reply.differences.isEmpty ? .ok : .error
    }
}
