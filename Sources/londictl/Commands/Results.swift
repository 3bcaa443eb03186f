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
        ],
        examples: ["results b7 > answers.jsonl", "results b7 --errors > errors.jsonl", "results b7 --follow"],
        output: .lines
    ) { invocation async throws(CommandError) in
        let batch = try invocation.batch(invocation.arguments[0])
        guard !(invocation.isSet("all") && invocation.isSet("errors")) else {
            throw .usage("--errors prints some of the lines, --all prints every one; give one of the two")
        }
        InterruptNotice.set("\ninterrupted; `londictl results \(batch)` prints them again from the start\n")
        var printer = ResultPrinter(invocation)
        var daemon = try Reconnection(invocation)
        let isFollowing = invocation.isSet("follow")
        while true {
            do throws(CommandError) {
                try await daemon.session().stream(
                    Results.self, .init(batch: batch, follow: isFollowing)
                ) { reply throws(CommandError) in
                    daemon.noteReply()
                    printer.print(reply.lines)
                }
                break
            } catch {
                guard isFollowing else { throw error }
                try await daemon.pause(after: error)
            }
        }
        if printer.errorCount > 0, !printer.wanted.contains(.error) {
            invocation.console.complain(
                "\(Phrase.count(printer.errorCount, "job")) without an answer; "
                    + "`londictl results \(batch) --errors` says why\n"
            )
        }
        return .ok
    }
}

/// Prints each job's result once, however often the daemon sends it.
private struct ResultPrinter {
    let wanted: Set<ResultKind>
    private(set) var errorCount = 0
    private let console: Console
    private var printed: Set<JobID> = []

    init(_ invocation: Invocation) {
        console = invocation.console
        wanted = invocation.isSet("all") ? [.output, .error] : invocation.isSet("errors") ? [.error] : [.output]
    }

    mutating func print(_ lines: [ResultLine]) {
        let new = lines.filter { printed.insert($0.job).inserted }
        errorCount += new.count { $0.kind == .error }
        console.write(new.filter { wanted.contains($0.kind) }.map { $0.line + "\n" }.joined())
    }
}
