import Control
import Domain

extension Command {
    static let prune = Command(
        words: ["prune"], summary: "Remove jobs that ended long ago; their ledger entries stay",
        options: [
            CommandOption("queue", short: "q", "QUEUE", "only of this queue"),
            CommandOption(
                "before", "DATE", "that ended before this day (UTC) or instant; else by each queue's retention"),
            CommandOption("dry-run", nil, "only count them"),
        ],
        examples: [
            "prune --dry-run", "prune --queue maths --before 2026-11-01", "prune --before 2026-11-01T12:00:00+01:00",
        ]
    ) { invocation async throws(CommandError) in
        let parameters = Prune.Parameters(
            queue: try invocation.queueOption(), before: try instant(invocation), dryRun: invocation.isSet("dry-run"))
        let console = invocation.console
        var last = Prune.Reply(jobs: 0, finished: false)
        try await Session(invocation).stream(Prune.self, parameters) { reply in
            last = reply
            if invocation.isSet("jsonl") { invocation.writeRows([reply]) }
        }
        guard last.finished else { throw .control(.disconnected) }
        if invocation.isSet("json") {
            invocation.writeObject(last)
        } else if !invocation.isForMachines {
            let jobs = Phrase.count(last.jobs, "job")
            console.write(
                parameters.dryRun ? "\(jobs) would be pruned\n" : "\(jobs) pruned; their ledger entries remain\n")
        }
        return .ok
    }

    /// A day stands for its first instant.
    private static func instant(_ invocation: Invocation) throws(CommandError) -> Timestamp? {
        guard let text = invocation.text("before") else { return nil }
        if let day = DayKey(parsing: text) { return Timestamp(milliseconds: day.daysSinceEpoch * 86_400_000) }
        do throws(ControlError) { return try RFC3339.parse(text, argument: "--before") } catch {
            throw .usage("--before cannot be '\(text)': use a day such as 2026-11-23, or 2026-11-23T10:00:00Z")
        }
    }
}
