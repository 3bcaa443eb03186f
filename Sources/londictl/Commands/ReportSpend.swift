import Control
import Domain

extension Command {
    static let spend = Command(
        words: ["spend"], summary: "Sum up spend from the ledger; today's by default",
        options: [
            CommandOption("start", short: "S", "DAY", "the first day, 2026-11-23"),
            CommandOption("end", short: "E", "DAY", "the last day"),
            CommandOption("by", "GROUPS", "any of queue, day, user, model, batch; comma-separated"),
            CommandOption("queue", short: "q", "QUEUE", "only of this queue"),
        ],
        examples: ["spend --by queue,day -S 2026-11-01", "spend --by model --json"], output: .table
    ) { invocation async throws(CommandError) in
        func day(_ name: String) throws(CommandError) -> DayKey? {
            guard let text = invocation.text(name) else { return nil }
            guard let day = DayKey(parsing: text) else {
                throw .usage("--\(name) '\(text)' is no day such as 2026-11-23")
            }
            return day
        }
        let (first, last) = (try day("start"), try day("end"))
        if let first, let last, last < first {
            throw .usage("--end '\(last)' is before --start '\(first)'; name a day from then on")
        }
        let groups = try invocation.words("by", SpendGroup.self) ?? [.queue]
        var columns = groups.map { group in
            Column<SpendRow>(group.rawValue) { row in
                switch group {
                case .queue: row.queue?.text ?? ""
                case .day: row.day?.description ?? ""
                case .user: row.user ?? ""
                case .model: row.model ?? ""
                case .batch: row.batch?.description ?? ""
                }
            }
        }
        columns += [
            Column("jobs", isRight: true) { "\($0.jobs)" },
            Column("quick_calls", isRight: true) { "\($0.quick.calls)" },
            Column("quick_tokens", isRight: true) { "\($0.quick.tokens)" },
            Column("quick_gpu_s", isRight: true) { Phrase.seconds($0.quick.gpuMilliseconds) },
            Column("deepthink_calls", isRight: true) { "\($0.deepthink.calls)" },
            Column("deepthink_tokens", isRight: true) { "\($0.deepthink.tokens)" },
            Column("deepthink_gpu_s", isRight: true) { Phrase.seconds($0.deepthink.gpuMilliseconds) },
        ]
        var listing = try Listing(columns, invocation)
        let parameters = ReportSpend.Parameters(
            from: first, to: last, by: groups, queue: try invocation.queueOption())
        let reply = try await Session(invocation).call(ReportSpend.self, parameters)
        if invocation.isSet("json") {
            invocation.console.write(JSONText.text(of: reply) + "\n")
        } else {
            listing.print(reply.rows)
        }
        return .ok
    }
}
