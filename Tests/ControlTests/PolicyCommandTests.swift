import Control
import Domain
import Glibc
import Synchronization
import Testing

@testable import londictl

/// What people read about policies, and what administrators do to them.
@Suite(.timeLimit(.minutes(5))) struct `Policy commands` {
    @Test func `freezes, thaws and rolls back, and says what acts now`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let frozen = await Printed.by(["policy", "freeze", "maths", "--reason", "an exam"], path: path)
            #expect(frozen.exit == .ok)
            #expect(
                frozen.output
                    == "Policy of maths is frozen: version 12 is in force; londictl policy thaw maths ends that\n")
            let thawed = await Printed.by(["policy", "thaw", "maths"], path: path)
            #expect(thawed.output == "Policy of maths is thawed: no version is in force yet\n")
            let back = await Printed.by(["policy", "rollback", "maths", "--to", "3", "--json"], path: path)
            let json = try JSONReader.value(of: back.output)
            #expect(json["version"] == .integer(12))
        }
        #expect(daemon.state.withLock { $0.frozen } == .init(queue: MessageSamples.queue, reason: "an exam"))
        #expect(daemon.state.withLock { $0.rolledBack } == .init(queue: MessageSamples.queue, version: 3))
    }

    @Test(arguments: [
        (["policy", "rollback", "maths", "--to", "0"], "--to '0' is no version"),
        (["policy", "rollback", "maths", "--to", "x"], "--to 'x' is no whole number"),
        (["policy", "heatmap", "maths", "--by", ",step"], "--by names no row"),
        (["policy", "evaluate", "maths", "--kind", "oracle"], "--kind 'oracle' is none of fitted-q"),
    ])
    func `refuses what cannot be meant`(command: [String], message: String) async {
        let printed = await Printed.by(command)
        #expect(printed.exit == .usage)
        #expect(printed.messages.hasPrefix("londictl: \(message)"), "\(printed.messages)")
    }

    @Test func `lists versions with what their trials said, and the events with who and why`() async throws {
        try await withServer(StubDaemon().table) { path in
            let versions = await Printed.by(["policy", "versions", "maths", "-n"], path: path)
            #expect(versions.output.hasSuffix("40  passed  0.600  0.500 to 0.700  11  -  yes\n"), "\(versions.output)")
            let history = await Printed.by(
                ["policy", "history", "maths", "-n", "-o", "action,version,frozen,acts,by,reason"], path: path)
            #expect(
                history.output
                    == "freeze  12  yes  always QUICK  root    it did worse\nadopt    -  -    the version   londid  cold\n"
            )
        }
    }

    @Test func `shows a frozen policy as frozen, by whom and what acts instead`() async throws {
        try await withServer(StubDaemon().table) { path in
            let shown = await Printed.by(["policy", "show", "maths"], path: path).output
            #expect(shown.contains("FROZEN by root at 2026-11-23T"))
            #expect(shown.contains("always QUICK acts in its place\n    it did worse; londictl policy thaw maths"))
            #expect(shown.contains("DEEPTHINK preferred in 25.0 %; mean values QUICK 0.400, DEEPTHINK 0.500\n"))
            #expect(shown.contains("    0.00 to 0.25    [#####...............] 1 of 4\n"))
        }
    }

    @Test func `a policy goes into a file and back`() async throws {
        let daemon = StubDaemon()
        let file = "\(try makeDirectory())/maths.policy"
        try await withServer(daemon.table) { path in
            let exported = await Printed.by(["policy", "export", "maths", file], path: path)
            #expect(exported.exit == .ok)
            #expect(exported.output.hasPrefix("\(file): version 12 of maths, 3 bytes, SHA-256 ae4b32"))
            let again = await Printed.by(["policy", "export", "maths", file], path: path)
            #expect(again.messages.contains("it exists already"))
            let refused = await Printed.by(["policy", "import", "maths", file], path: path)
            #expect(refused.exit == .conflict)
            #expect(refused.output == "Version 12 of maths: refused, from a file, kept, not in force\n")
            let forced = await Printed.by(["policy", "import", "maths", file, "--force"], path: path)
            #expect(forced.exit == .ok)
            #expect(forced.output == "Version 12 of maths: forced, from a file, in force\n")
            daemon.state.withLock { $0.exported.sha256 = "00" }
            let damaged = await Printed.by(["policy", "export", "maths", file + "2"], path: path)
            #expect(damaged.exit == .error)
            #expect(access(file + "2", F_OK) != 0)
        }
        #expect(
            daemon.state.withLock { $0.imported } == .init(queue: MessageSamples.queue, data: "AAEC", force: true))
    }

    @Test func `estimates come as a table, and those that stand on little are named`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(
                [
                    "policy", "evaluate", "maths", "--cost", "0.1", "--budget", "2", "--kind", "random", "--parameter",
                    "0.5",
                ], path: path)
            let row = "random 0.500  0.100   0.700  0.600 to 0.800   2.000  1.500 to 2.500  0.600"
            #expect(printed.output.contains(row), "\(printed.output)")
            #expect(printed.messages.contains("fitted-q at cost 0.100: hardly any job went its way (worth 3.0"))
            #expect(printed.messages.contains("random 0.500 at cost 0.100: in 12.5 % of the jobs"))
        }
        #expect(
            daemon.state.withLock { $0.evaluated }
                == .init(queue: MessageSamples.queue, cost: 0.1, budget: 2, kind: .random, parameter: 0.5))
    }

    @Test func `the curve is drawn for people and listed for scripts`() async throws {
        try await withServer(StubDaemon().table) { path in
            let drawn = await Printed.by(["policy", "curve", "maths"], path: path).output
            #expect(drawn.hasPrefix("reward  (* learnt"))
            #expect(drawn.contains("   0.500 |q"), "\(drawn)")
            let csv = await Printed.by(["policy", "curve", "maths", "--csv"], path: path).output
            #expect(csv.hasPrefix("policy,cost,share,calls,reward,lower,upper,effective\r\nrandom 0.500,0.100,0.250,"))
        }
    }

    @Test func `the heat-map shades each cell by DEEPTHINK's share`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let drawn = await Printed.by(["policy", "heatmap", "maths", "--by", "room,budget"], path: path).output
            #expect(
                drawn.hasPrefix(
                    """
                    DEEPTHINK's share of the steps, by room and step
                    room      0   1    DEEPTHINK
                    hallway   \u{2593}\u{2593}\u{2593} .    3 of 4
                    workshop      \u{2591}\u{2591}\u{2591}  1 of 8

                    """), "\(drawn)")
            _ = await Printed.by(["policy", "heatmap", "maths", "--by", "time of day, sine"], path: path)
        }
        #expect(daemon.state.withLock { $0.mapped } == .init(queue: MessageSamples.queue, row: "time of day, sine"))
    }
}
