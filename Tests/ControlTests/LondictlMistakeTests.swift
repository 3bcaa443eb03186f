import Control
import Testing

@testable import londictl

/// Every mistake that a user can make is answered with the value at fault, the remedy and the documented exit code.
@Suite(.timeLimit(.minutes(5))) struct `A mistake` {
    @Test(
        arguments: [
            (["status"], ExitCode.unreachable, "no londid answers at /nowhere/londi (No such file or directory)"),
            (["lst"], .usage, "there is no command 'lst'; did you mean `londictl list`?"),
            (
                ["queue", "creat", "x"], .usage,
                "there is no command 'queue creat'; did you mean `londictl queue create`?"
            ),
            (["list", "--stat", "x"], .usage, "list has no option --stat; did you mean --state?"),
            (["list", "--state", "done"], .usage, "--state 'done' is none of pending, held, running"),
            (["wait"], .usage, "BATCH|JOB is missing: londictl wait [OPTION]... BATCH|JOB"),
            (["wait", "7b"], .usage, "'7b' is neither a job id such as 42 nor a batch id such as b7"),
            (["wait", "b7", "b8"], .usage, "'b8' is too much"),
            (["wait", "b7", "--timeout", "soon"], .usage, "--timeout cannot be 'soon': use 90, 90s, 10m, 2h or 1d"),
            (["submit", "--queue", "m"], .usage, "give one of --file FILE, --prompt TEXT and --environment NAME"),
            (["submit", "-f", "x"], .unreachable, "no londid answers"),
            (["submit", "-q", "M", "-f", "x"], .usage, "'M' cannot name a queue"),
            (["submit", "-q", "m", "-f", "/no/file"], .error, "/no/file: No such file or directory"),
            (
                ["submit", "-q", "m", "--prompt", "x", "--verifier", "{"], .usage,
                "--verifier '{' is not JSON at column 2"
            ),
            (
                ["queue", "create", "m", "--deepthink-calls", "30/hour"], .usage,
                "--deepthink-calls cannot be '30/hour'"
            ),
            (
                ["queue", "create", "m", "--switcher", "random", "--parameter", "2"], .usage,
                "--parameter cannot be '2.0': use a probability"
            ),
            (["queue", "set", "m"], .usage, "nothing to change"),
            (["queue", "set", "m", "--max-steps", "0"], .usage, "--max-steps cannot be '0': use 1 to 10000"),
            (
                ["queue", "set", "m", "--exploration-rate", "2"], .usage,
                "--exploration-rate cannot be '2.0': use 0 to 1"
            ),
            (["queue", "set", "m", "--switcher", "threshold"], .unreachable, "no londid answers"),
            (["queue", "set", "m", "--time-zone", ""], .usage, "--time-zone cannot be ''"),
            (["queue", "set", "m", "--deepthink-calls", "1.k/day"], .usage, "--deepthink-calls cannot be '1.k/day'"),
            (
                ["feedback", "42", "--reward", "1001"], .usage,
                "--reward cannot be '1001.0': use a number from -1000 to 1000"
            ),
            (
                ["submit", "-q", "m", "--prompt", "x", "--priority", "1001"], .usage,
                "--priority cannot be '1001': use a whole number from -1000 to 1000"
            ),
            (
                ["submit", "-q", "m", "-f", "-", "--priority", "-1001"], .usage,
                "--priority cannot be '-1001': use a whole number from -1000 to 1000"
            ),
            (
                ["submit", "-q", "m", "--prompt", "x", "--max-steps", "10001"], .usage,
                "--max-steps cannot be '10001': use a whole number from 1 to 10000"
            ),
            (
                ["submit", "-q", "m", "--prompt", "x", "--idempotency-key", ""], .usage,
                "--idempotency-key cannot be '': use a text of 1 to 256 bytes"
            ),
            (["list", "--limit", "0"], .usage, "--limit cannot be '0': use a whole number from 1"),
            (["batch", "list", "--limit", "-1"], .usage, "--limit cannot be '-1'"),
            (["policy", "versions", "m", "--limit", "0"], .usage, "--limit cannot be '0'"),
            (["list", "-o", ""], .usage, "-o '' is no field of list"),
            (["spend", "-o", "queue,,jobs"], .usage, "-o '' is no field of spend"),
            (["spend", "-o", "day"], .usage, "-o 'day' is no field of spend"),
            (["spend", "--by", "queue,queue"], .usage, "--by 'queue,queue' names queue twice"),
            (["spend", "--by", ""], .usage, "--by '' is none of queue, day"),
            (
                ["spend", "-S", "2026-11-02", "-E", "2026-11-01"], .usage,
                "--end '2026-11-01' is before --start '2026-11-02'"
            ),
            (["status", "-n"], .usage, "status does nothing with --no-header; it takes --json and --jsonl"),
            (["show", "42", "-o", "job"], .usage, "show does nothing with --output"),
            (["-n", "wait", "b7"], .usage, "wait does nothing with --no-header"),
            (["results", "b7", "--json"], .usage, "results does nothing with --json; it takes --jsonl"),
            (["list", "--json", "--jsonl"], .usage, "--json and --jsonl are two forms of output; give one"),
            (["list", "--json", "-o", "job"], .usage, "--json and --output are two forms of output; give one"),
            (
                ["results", "b7", "--errors", "--all"], .usage,
                "--errors prints some of the lines, --all prints every one"
            ),
            (["feedback", "42"], .usage, "--reward is missing"),
            (["spend", "-S", "yesterday"], .usage, "--start 'yesterday' is no day such as 2026-11-23"),
            (["spend", "-S", "-3d"], .usage, "--start '-3d' is no day such as 2026-11-23, or 7d for seven days ago"),
            (["list", "--jsonl", "--parsable"], .usage, "--jsonl and --parsable are two forms of output; give one"),
            (["spend", "--csv", "--parsable"], .usage, "--csv and --parsable are two forms of output; give one"),
            (["show", "42", "--parsable"], .usage, "show does nothing with --parsable"),
            (["budget", "history", "M"], .usage, "'M' cannot name a queue"),
            (["report"], .usage, "--output is missing: londictl report"),
            (["report", "--since", "monday", "-o", "-"], .usage, "--since 'monday' is no day such as 2026-11-23"),
            (["report", "-o", "/nowhere/r.html"], .unreachable, "no londid answers"),
            (["top", "--interval", "0"], .usage, "--interval '0' is out of range: use 1 to 3600 seconds"),
            (["watch", "b7"], .usage, "'b7' is no job id such as 42"),
            (["events", "--follow", "--json"], .usage, "--json prints one object; --follow goes with --jsonl"),
            (["doctor"], .unreachable, "no londid answers"),
            (["quickstart", "--socket", "/x"], .usage, "--socket does nothing here"),
            (["quickstart", "-q", ""], .usage, "cannot name a queue"),
            (["queue", "export"], .usage, "--output is missing: londictl queue export"),
            (["queue", "export", "-o", "-"], .unreachable, "no londid answers"),
            (["queue", "import", "/nowhere/q.json"], .error, "/nowhere/q.json: No such file"),
            (["logs", "--lines", "0"], .usage, "--lines cannot be '0': use a whole number from 1"),
            (["logs", "b7"], .usage, "'b7' is no job id such as 42"),
            (["list", "--limit"], .usage, "--limit needs a value: --limit N"),
            (["list", "--json=1"], .usage, "--json=1: --json takes no value"),
        ] as [([String], ExitCode, String)])
    func `on the command line is named and ends with the documented code`(
        arguments: [String], exit: ExitCode, message: String
    ) async {
        let printed = await Printed.by(arguments)
        #expect(printed.exit == exit)
        #expect(printed.messages.contains(message), "\(printed.messages)")
        #expect(printed.output == "")
    }

    @Test func `about what exists ends with 3, about what is permitted with 7`() async throws {
        try await withServer(StubDaemon().table) { path in
            let missing = await Printed.by(["show", "43"], path: path)
            #expect(missing.exit == .notFound)
            #expect(missing.messages.contains("there is no job 43"))
            let batch = await Printed.by(["list", "--batch", "b9"], path: path)
            #expect(batch.exit == .notFound)
            #expect(batch.messages.contains("there is no batch b9; `londictl batch list` shows what there is"))
            let forbidden = await Printed.by(["feedback", "42", "--reward", "1"], path: path)
            #expect(forbidden.exit == .notPermitted)
            #expect(forbidden.messages.contains("you may not judge job 42; that needs to have submitted it"))
        }
    }

    /// Only the daemon knows the zones; what it says of them is said of what was typed.
    @Test func `that only the daemon sees has the option's name too`() async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(["queue", "create", "m", "--time-zone", "Mars/Base"], path: path)
            #expect(printed.exit == .error)
            #expect(printed.messages == "londictl: --time-zone cannot be 'Mars/Base': use an IANA zone\n")
        }
    }

    @Test func `in the help is none: every example can be parsed`() async throws {
        for command in CommandTable.all {
            let printed = await Printed.by(["help"] + command.words)
            #expect(printed.output.contains(command.synopsis), "\(command.name)")
            #expect(!command.examples.isEmpty, "\(command.name)")
            for example in command.examples where !example.contains("'") {
                let words = example.split(separator: " ").map(String.init).prefix { $0 != "<" && $0 != ">" }
                let console = Console(
                    write: { _ in }, complain: { _ in }, isTerminal: false, drawsProgress: false, width: 80,
                    now: { MessageSamples.now }, readInput: { () throws(CommandError) in [] })
                guard
                    case .run(let invocation) = try CommandParser.parse(
                        Array(words), table: CommandTable.all, environment: [:], console: console)
                else {
                    Issue.record("the example '\(example)' does not run")
                    continue
                }
                #expect(invocation.command.name == command.name)
            }
        }
    }
}
