import Control

extension Command {
    static let auditVerify = Command(
        words: ["audit", "verify"],
        summary: "Recompute the chains, counters, reservations, requests and job sums, and report every difference",
        examples: ["audit verify", "audit verify --json"]
    ) { invocation async throws(CommandError) in
        let console = invocation.console
        InterruptNotice.set("\ninterrupted; nothing was changed: `londictl audit verify` checks from the start\n")
        var last: VerifyBooks.Reply?
        var progress = ProgressLine("the books", console)
        try await Session(invocation).stream(VerifyBooks.self, .init()) { reply throws(CommandError) in
            if let check = reply.check {
                // Each check goes through the ledger at a pace of its own.
                if check != last?.check { progress = ProgressLine("checking \(check)", console, after: progress) }
                progress.draw(
                    "\(reply.entries)/\(reply.total) ledger entries", count: reply.entries, done: reply.entries,
                    of: reply.total)
            }
            last = reply
        }
        progress.clear()
        guard let reply = last else { throw .control(.disconnected) }
        if invocation.isForMachines {
            invocation.writeObject(reply)
        } else {
            for difference in reply.differences {
                console.write(
                    "\(difference.check): \(Plain.text(difference.subject, keepsLines: false)): expected "
                        + "\(Plain.text(difference.expected, keepsLines: false)), found "
                        + "\(Plain.text(difference.found, keepsLines: false))\n")
            }
            let verdict =
                reply.differences.isEmpty ? "The books agree" : Phrase.count(reply.differences.count, "difference")
            let seal = reply.lastHash.map { ", the last sealed \($0)" } ?? ""
            console.write("\(verdict): \(Phrase.count(reply.entries, "ledger entry"))\(seal)\n")
            if let events = reply.events, let upgrade = reply.eventsSealedAt {
                console.write(
                    "\(Phrase.count(events, "administrative event")) sealed; those before "
                        + "\(RFC3339.text(of: upgrade)) only since then, by an upgrade\n")
            }
        }
        return reply.differences.isEmpty ? .ok : .jobFailed
    }
}
