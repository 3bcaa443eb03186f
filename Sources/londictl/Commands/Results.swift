import Control

extension Command {
    static let results = Command(
        words: ["results"], summary: "Print a batch's results in the shape of OpenAI's batch output",
        arguments: ["BATCH"],
        options: [
            CommandOption("follow", short: "f", nil, "go on until every job has ended"),
            CommandOption("errors", nil, "print the lines of jobs without an answer instead"),
            CommandOption("all", nil, "print both"),
        ],
        examples: ["results b7 > answers.jsonl", "results b7 --errors > errors.jsonl", "results b7 --follow"]
    ) { invocation async throws(CommandError) in
        let batch = try invocation.batch(invocation.arguments[0])
        InterruptNotice.set("\ninterrupted; `londictl results \(batch)` prints them again from the start\n")
        var errors = 0
        let wanted: Set<ResultKind> =
            invocation.isSet("all") ? [.output, .error] : invocation.isSet("errors") ? [.error] : [.output]
        try await Session(invocation).stream(
            Results.self, .init(batch: batch, follow: invocation.isSet("follow"))
        ) { reply throws(CommandError) in
            errors += reply.lines.count { $0.kind == .error }
            invocation.console.write(reply.lines.filter { wanted.contains($0.kind) }.map { $0.line + "\n" }.joined())
        }
        if errors > 0, !wanted.contains(.error) {
            invocation.console.complain(
                "\(errors) job\(errors == 1 ? "" : "s") without an answer; "
                    + "`londictl results \(batch) --errors` says why\n"
            )
        }
        return .ok
    }
}
