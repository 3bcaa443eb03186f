import Control
import Domain

extension Command {
    static let spend = Command(
        words: ["spend"], summary: "Sum up spend from the ledger; today's by default",
        options: [
            CommandOption("start", short: "S", "DAY", "the first day, 2026-11-23, or 7d: so many days ago"),
            CommandOption("end", short: "E", "DAY", "the last day"),
            CommandOption(
                "by", "GROUPS", "any of \(SpendGroup.words.joined(separator: ", ")); comma-separated",
                choices: SpendGroup.words),
            CommandOption("queue", short: "q", "QUEUE", "only of this queue"),
            CommandOption("csv", nil, "print comma-separated values, GPU time in milliseconds"),
        ],
        examples: ["spend --by queue -S 30d", "spend --by queue,day -S 2026-11-01", "spend --by model --csv"],
        output: .table
    ) { invocation async throws(CommandError) in
        let (first, last) = try invocation.days()
        let groups = try invocation.words("by", SpendGroup.self) ?? [.queue]
        let parameters = ReportSpend.Parameters(from: first, to: last, by: groups, queue: try invocation.queueOption())
        var listing = try Listing(columns(groups, parameters, invocation), invocation)
        let session = try Session(invocation)
        let reply = try await session.call(ReportSpend.self, parameters)
        var (trends, whole): ([SpendRow: [Int64]], [Int64]) = ([:], [])
        if parameters.hasTrend(by: groups), !invocation.isForMachines, !invocation.isSet("csv") {
            var daily = parameters
            daily.by.append(.day)
            let rows = try await session.call(ReportSpend.self, daily).rows
            trends = callsByDay(rows, of: \.key)
            whole = callsByDay(rows) { _ in 0 }[0] ?? []
        }
        listing.print(
            reply.rows.map { SpendLine(row: $0, callsByDay: trends[$0.key] ?? []) }, of: reply,
            total: SpendLine(row: reply.total, callsByDay: whole))
        return .ok
    }

    private static func columns(
        _ groups: [SpendGroup], _ parameters: ReportSpend.Parameters, _ invocation: Invocation
    ) -> [Column<SpendLine>] {
        let isCSV = invocation.isSet("csv")
        var columns = groups.enumerated().map { index, group in
            Column<SpendLine>(group.rawValue, totalText: index == 0 ? "total" : "") { line in
                switch group {
                case .queue: line.row.queue?.text ?? ""
                case .day: line.row.day?.description ?? ""
                case .user: line.row.user ?? ""
                case .model: line.row.model ?? ""
                case .batch: line.row.batch?.description ?? ""
                }
            }
        }
        columns += [
            Column("jobs", isRight: true) { "\($0.row.jobs)" },
            Column("quick_calls", isRight: true) { "\($0.row.quick.calls)" },
            Column("quick_tokens", isRight: true, isMinor: true) { "\($0.row.quick.tokens)" },
            Column("quick_gpu_ms", isRight: true, isDefault: isCSV) { "\($0.row.quick.gpuMilliseconds)" },
            Column("quick_gpu_s", isRight: true, isDefault: !isCSV, isMinor: true) {
                Phrase.seconds($0.row.quick.gpuMilliseconds)
            },
            Column("deepthink_calls", isRight: true) { "\($0.row.deepthink.calls)" },
            Column("deepthink_tokens", isRight: true, isMinor: true) { "\($0.row.deepthink.tokens)" },
            Column("deepthink_gpu_ms", isRight: true, isDefault: isCSV) { "\($0.row.deepthink.gpuMilliseconds)" },
            Column("deepthink_gpu_s", isRight: true, isDefault: !isCSV) {
                Phrase.seconds($0.row.deepthink.gpuMilliseconds)
            },
        ]
        if parameters.hasTrend(by: groups), !isCSV {
            columns.append(Column("calls_by_day") { Chart.sparkline($0.callsByDay) })
        }
        return columns
    }

    /// DEEPTHINK calls of each group on each day from the first with any of a row to the last.
    private static func callsByDay<Key: Hashable>(_ rows: [SpendRow], of key: (SpendRow) -> Key) -> [Key: [Int64]] {
        let days = rows.compactMap { $0.day?.daysSinceEpoch }
        guard let first = days.min(), let last = days.max() else { return [:] }
        let none = Array(repeating: Int64(0), count: Int(last - first) + 1)
        var calls: [Key: [Int64]] = [:]
        for row in rows {
            guard let day = row.day else { continue }
            calls[key(row), default: none][Int(day.daysSinceEpoch - first)] += row.deepthink.calls
        }
        return calls
    }
}

/// A sum of spend, and of how many days it is made.
private struct SpendLine: Encodable, Sendable {
    var row: SpendRow
    /// DEEPTHINK calls.
    var callsByDay: [Int64]

    func encode(to encoder: any Encoder) throws { try row.encode(to: encoder) }
}

extension ReportSpend.Parameters {
    /// Sums of more days than one have a course that rows of single days show by themselves.
    fileprivate func hasTrend(by groups: [SpendGroup]) -> Bool {
        guard let from, !groups.contains(.day) else { return false }
        return to.map { $0 > from } ?? true
    }
}

extension SpendRow {
    /// Of which group it is, whatever the day.
    fileprivate var key: SpendRow {
        SpendRow(queue: queue, user: user, model: model, batch: batch, jobs: 0, quick: .zero, deepthink: .zero)
    }
}
