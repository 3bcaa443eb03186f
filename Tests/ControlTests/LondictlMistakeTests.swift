import Control
import Testing

@testable import londictl

/// Every mistake that a user can make is answered with the value at fault, the remedy and the documented exit code.
@Suite(.timeLimit(.minutes(1))) struct `A mistake` {
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
            (["submit", "--queue", "m"], .usage, "give either --file FILE or --prompt TEXT"),
            (["submit", "-f", "x"], .usage, "--queue is missing"),
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
                "switcher.parameter cannot be"
            ),
            (["queue", "set", "m"], .usage, "nothing to change"),
            (["feedback", "42"], .usage, "--reward is missing"),
            (["spend", "-S", "yesterday"], .usage, "--start 'yesterday' is no day such as 2026-11-23"),
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
            let forbidden = await Printed.by(["feedback", "42", "--reward", "1"], path: path)
            #expect(forbidden.exit == .notPermitted)
            #expect(forbidden.messages.contains("you may not judge job 42; that needs to have submitted it"))
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
