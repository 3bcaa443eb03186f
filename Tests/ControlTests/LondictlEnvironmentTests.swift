import Control
import Domain
import Synchronization
import Testing

@testable import londictl

/// Jobs that act in an environment, on the command line.
@Suite(.timeLimit(.minutes(5))) struct `londictl and environments` {
    @Test func `submits what the environment is told`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(
                [
                    "submit", "-q", "maths", "--environment", "rooms", "--option", "level=one", "--option", "text=a=b",
                    "--seed", "7", "--max-steps", "9", "--parsable",
                ], path: path)
            #expect(printed.output == "42\n")
        }
        #expect(
            daemon.state.withLock { $0.submitted?.specification }
                == JobSpecification(
                    messages: [], maxSteps: 9,
                    environment: EnvironmentRequest(name: "rooms", seed: 7, options: ["level": "one", "text": "a=b"])))
    }

    @Test(arguments: [
        (["--environment", "rooms", "--option", "level"], "--option 'level' is no NAME=TEXT"),
        (["--environment", "rooms", "--option", "a=1", "--option", "a=2"], "--option a is given twice"),
        (["--environment", "rooms", "--verifier", "{}"], "--verifier goes with --prompt"),
        (["--environment", "rooms", "--seed", "-1"], "use a whole number from 0"),
        (["--environment", "rooms", "--prompt", "x"], "give one of --file FILE, --prompt TEXT and --environment NAME"),
        (["--prompt", "x", "--seed", "1"], "--seed goes with --environment"),
        (["--prompt", "x", "--option", "a=1"], "--option goes with --environment"),
    ])
    func `names what does not go together`(options: [String], words: String) async throws {
        let printed = await Printed.by(["submit", "-q", "maths"] + options, path: "/nowhere")
        #expect(printed.exit == .usage)
        #expect(printed.messages.contains(words), "\(printed.messages)")
    }

    @Test func `says of each rule whether it is kept, and ends with 1 where one is not`() async throws {
        try await withServer(StubDaemon().table) { path in
            let kept = await Printed.by(["environment", "check", "rooms"], path: path)
            #expect(kept.exit == .ok)
            #expect(kept.output == "ok      lists its tasks: 3 tasks\nok      keeps to the protocol: 12 rules\n")
            let broken = await Printed.by(["environment", "check", "maze", "--json"], path: path)
            #expect(broken.exit == .jobFailed)
            let findings = try JSONReader.value(of: broken.output)
            #expect(findings["findings"]?.array?.count == 2)
        }
    }

    @Test func `explains what was seen`() async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(["explain", "42"], path: path)
            #expect(printed.output.contains("environment: {\"name\":\"rooms\""))
            #expect(printed.output.contains("goal: go\n    > You see a door\n"))
            #expect(printed.output.contains("    > You see a wall\n"))
            #expect(printed.output.hasSuffix("success\n"))
        }
    }
}
