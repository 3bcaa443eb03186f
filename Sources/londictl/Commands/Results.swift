import Control
import Domain

extension Command {
    static let results = Command(
        words: ["results"], summary: "Print a batch's results in the shape of OpenAI's batch output",
        arguments: ["BATCH"],
        options: [
            CommandOption("follow", short: "f", nil, "go on until every job has ended"),
            CommandOption("errors", nil, "print the lines of jobs without an answer instead"),
            CommandOption("all", nil, "print both"),
            CommandOption("output", short: "o", "FILE", "write the lines of answered jobs into this file"),
            CommandOption("error-output", "FILE", "write the lines of jobs without an answer into this one"),
        ],
        examples: [
            "results b7 > answers.jsonl", "results b7 --errors > errors.jsonl", "results b7 --follow",
            "results b7 --output answers.jsonl --error-output errors.jsonl",
        ],
        output: .lines
    ) { invocation async throws(CommandError) in
        let batch = try invocation.batch(invocation.arguments[0])
        guard !(invocation.isSet("all") && invocation.isSet("errors")) else {
            throw .usage("--errors prints some of the lines, --all prints every one; give one of the two")
        }
        let filesNamed = ["output", "error-output"].contains { invocation.text($0) != nil }
        guard !filesNamed || !(invocation.isSet("all") || invocation.isSet("errors")) else {
            throw .usage("--errors and --all choose what is printed; --output and --error-output write both files")
        }
        guard invocation.text("output") == nil || invocation.text("output") != invocation.text("error-output") else {
            throw .usage("--output and --error-output name one file; give each its own")
        }
        let isFollowing = invocation.isSet("follow")
        let remains =
            filesNamed
            ? (isFollowing ? "the files hold what has come so far" : "no file was written")
                + ": the same command writes them from the start"
            : "`londictl results \(batch)` prints them again from the start"
        InterruptNotice.set("\ninterrupted; \(remains)\n")
        var progress = ProgressLine("\(batch)", invocation.console)
        // Rows on the same terminal tell the same.
        let draws = filesNamed || !invocation.console.isTerminal
        var printer = try ResultPrinter(invocation)
        var daemon = try Reconnection(invocation)
        var expected: Int?
        while true {
            do throws(CommandError) {
                if draws, invocation.console.drawsProgress {
                    let jobs = try await daemon.session().call(ShowBatch.self, .init(batch: batch)).batch.jobs
                    expected = isFollowing ? jobs.total : jobs.ended
                }
                try await daemon.session().stream(
                    Results.self, .init(batch: batch, follow: isFollowing)
                ) { reply throws(CommandError) in
                    daemon.noteReply()
                    try printer.print(reply.lines)
                    guard draws else { return }
                    let words = Phrase.count(printer.count, "result")
                    progress.draw(words, count: printer.count, done: printer.count, of: expected)
                }
                break
            } catch {
                guard isFollowing else { throw error }
                try await daemon.pause(after: error)
            }
        }
        progress.clear()
        try printer.finish()
        if printer.errorCount > 0, !printer.takesErrors {
            invocation.console.complain(
                "\(Phrase.count(printer.errorCount, "job")) without an answer; "
                    + "`londictl results \(batch) --errors` says why\n"
            )
        }
        return .ok
    }
}

/// Prints each end of a job once, however often the daemon sends its result, or writes it into its file.
private struct ResultPrinter {
    private let wanted: Set<ResultKind>
    private(set) var errorCount = 0
    /// Of all results that came.
    private(set) var count = 0
    private let console: Console
    private let files: [ResultKind: WholeFile]
    private let isFollowing: Bool
    /// When the jobs ended whose results were printed: a job that is retried ends again.
    private var printed: [JobID: Timestamp] = [:]

    init(_ invocation: Invocation) throws(CommandError) {
        console = invocation.console
        isFollowing = invocation.isSet("follow")
        var wanted: Set<ResultKind> =
            invocation.isSet("all") ? [.output, .error] : invocation.isSet("errors") ? [.error] : [.output]
        var files: [ResultKind: WholeFile] = [:]
        for (kind, option) in [(ResultKind.output, "output"), (.error, "error-output")] {
            guard let path = invocation.text(option) else { continue }
            let file = try WholeFile(path: path)
            // Whoever follows looks into the file while it grows.
            if isFollowing { try file.save() }
            files[kind] = file
            wanted.remove(kind)
        }
        self.files = files
        self.wanted = wanted
    }

    /// The lines of jobs without an answer are printed or written.
    var takesErrors: Bool { wanted.contains(.error) || files[.error] != nil }

    mutating func print(_ lines: [ResultLine]) throws(CommandError) {
        let new = lines.filter { printed.updateValue($0.endedAt, forKey: $0.job) != $0.endedAt }
        count += new.count
        errorCount += new.count { $0.kind == .error }
        for case let damage? in new.map(\.damage) { console.complain("\(Plain.text(damage, keepsLines: false))\n") }
        console.write(new.filter { wanted.contains($0.kind) }.map { $0.line + "\n" }.joined())
        for (kind, file) in files {
            try file.write(new.filter { $0.kind == kind }.map { $0.line + "\n" }.joined())
            if isFollowing { try file.save() }
        }
    }

    func finish() throws(CommandError) {
        for file in files.values { try file.save() }
    }
}
