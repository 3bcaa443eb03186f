import Control
import Domain

extension Command {
    static let auditExport = Command(
        words: ["audit", "export"], summary: "Print every ledger entry with its seal, as JSON lines or CSV",
        options: [
            CommandOption("csv", nil, "comma-separated values; the first 18 are the sealed texts as they are"),
            CommandOption("start", short: "S", "DAY", "the first day, 2026-11-23, or 7d: so many days ago"),
            CommandOption("end", short: "E", "DAY", "the last day"),
            CommandOption("queue", short: "q", "QUEUE", "only of this queue"),
            CommandOption("file", short: "f", "FILE", "write there instead, whole or not at all"),
        ],
        examples: ["audit export --csv --file ledger.csv", "audit export -S 2026-11-01 -E 2026-11-30 --queue maths"],
        output: .lines
    ) { invocation async throws(CommandError) in
        let (first, last) = try invocation.days()
        let isCSV = invocation.isSet("csv")
        let parameters = ExportLedger.Parameters(from: first, to: last, queue: try invocation.queueOption())
        let console = invocation.console
        guard let path = invocation.text("file") else {
            if isCSV { console.write(CSV.record(LedgerEntryView.header)) }
            try await Session(invocation).stream(ExportLedger.self, parameters) { reply throws(CommandError) in
                console.write(text(of: reply.entries, isCSV: isCSV))
            }
            return .ok
        }
        InterruptNotice.set(
            "\ninterrupted; \(FileName(path)) was not written: the same command writes it from the "
                + "start\n")
        let session = try Session(invocation)
        let file = try WholeFile(path: path)
        if isCSV { try file.write(CSV.record(LedgerEntryView.header)) }
        var count = 0
        var progress = ProgressLine(path, console)
        try await session.stream(ExportLedger.self, parameters) { reply throws(CommandError) in
            try file.write(text(of: reply.entries, isCSV: isCSV))
            count += reply.entries.count
            progress.draw(Phrase.count(count, "ledger entry"), count: count, done: count, of: nil)
        }
        try file.save()
        progress.clear()
        console.complain("\(FileName(path)): \(Phrase.count(count, "ledger entry"))\n")
        return .ok
    }
}

private func text(of entries: [LedgerEntryView], isCSV: Bool) -> String {
    entries.map { isCSV ? CSV.record($0.record) : JSONText.text(of: $0) + "\n" }.joined()
}

extension LedgerEntryView {
    fileprivate static let header = [
        "seq", "at_ms", "day", "queue", "submitter_uid", "batch", "job", "episode", "step", "role", "model", "kind",
        "is_exploration", "calls", "prompt_tokens", "cached_tokens", "generated_tokens", "gpu_ms", "previous_hash",
        "hash", "date",
    ]

    /// The sealed texts, the two seals, and the day as people write it.
    fileprivate var record: [String] {
        [
            "\(sequence)", "\(at.milliseconds)", "\(day.daysSinceEpoch)", queue, "\(userID)",
            batch.map { "\($0.number)" } ?? "", "\(job)", "\(episode)", "\(step)", role.rawValue, model, kind,
            isExploration ? "1" : "0", "\(calls)", "\(promptTokens)", "\(cachedTokens)", "\(generatedTokens)",
            "\(gpuMilliseconds)", previousHash, hash, day.description,
        ]
    }
}

extension Invocation {
    /// A day such as 2026-11-23; `7d` is the day (UTC) that many days ago.
    func day(_ text: String, option name: String) throws(CommandError) -> DayKey {
        if let day = DayKey(parsing: text) { return day }
        guard let days = text.before("d"), let ago = Int64(days), (0...100_000).contains(ago) else {
            throw .usage("--\(name) '\(text)' is no day such as 2026-11-23, or 7d for seven days ago")
        }
        return DayKey(daysSinceEpoch: console.now().milliseconds / 86_400_000 - ago)
    }

    /// The days of `--start` and `--end`.
    func days() throws(CommandError) -> (first: DayKey?, last: DayKey?) {
        func day(_ name: String) throws(CommandError) -> DayKey? {
            guard let text = text(name) else { return nil }
            return try self.day(text, option: name)
        }
        let (first, last) = (try day("start"), try day("end"))
        if let first, let last, last < first {
            throw .usage("--end '\(last)' is before --start '\(first)'; name a day from then on")
        }
        return (first, last)
    }
}
