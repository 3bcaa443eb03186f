import Control
import Domain

extension Command {
    static let spend = Command(
        words: ["spend"], summary: "Sum up spend from the ledger; today's by default",
        options: [
            CommandOption("start", short: "S", "DAY", "the first day, 2026-11-23"),
            CommandOption("end", short: "E", "DAY", "the last day"),
            CommandOption(
                "by", "GROUPS", "any of \(SpendGroup.words.joined(separator: ", ")); comma-separated",
                choices: SpendGroup.words),
            CommandOption("queue", short: "q", "QUEUE", "only of this queue"),
            CommandOption("csv", nil, "print comma-separated values, GPU time in milliseconds"),
        ],
        examples: ["spend --by queue,day -S 2026-11-01", "spend --by model --csv"], output: .table
    ) { invocation async throws(CommandError) in
        let (first, last) = try invocation.days()
        let isCSV = invocation.isSet("csv")
        let groups = try invocation.words("by", SpendGroup.self) ?? [.queue]
        var columns = groups.map { group in
            Column<SpendRow>(group.rawValue, totalText: group == groups.first ? "total" : "") { row in
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
            Column("quick_tokens", isRight: true, isMinor: true) { "\($0.quick.tokens)" },
            Column("quick_gpu_ms", isRight: true, isDefault: isCSV) { "\($0.quick.gpuMilliseconds)" },
            Column("quick_gpu_s", isRight: true, isDefault: !isCSV, isMinor: true) {
                Phrase.seconds($0.quick.gpuMilliseconds)
            },
            Column("deepthink_calls", isRight: true) { "\($0.deepthink.calls)" },
            Column("deepthink_tokens", isRight: true) { "\($0.deepthink.tokens)" },
            Column("deepthink_gpu_ms", isRight: true, isDefault: isCSV) { "\($0.deepthink.gpuMilliseconds)" },
            Column("deepthink_gpu_s", isRight: true, isDefault: !isCSV) {
                Phrase.seconds($0.deepthink.gpuMilliseconds)
            },
        ]
        var listing = try Listing(columns, invocation)
        let parameters = ReportSpend.Parameters(
            from: first, to: last, by: groups, queue: try invocation.queueOption())
        let reply = try await Session(invocation).call(ReportSpend.self, parameters)
        listing.print(reply.rows, of: reply, total: reply.total)
        return .ok
    }
}
