import Control
import Domain
import Synchronization
import Testing

@testable import londictl

/// What administrators do to budgets from the command line.
@Suite(.timeLimit(.minutes(5))) struct `Budget commands` {
    @Test func `grants what was typed and says until when`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(
                [
                    "budget", "grant", "maths", "--calls", "20", "--tokens", "50k", "--gpu-seconds", "1.5", "--until",
                    "2026-11-30",
                ], path: path)
            #expect(printed.exit == .ok)
            #expect(
                printed.output == "Queue maths: granted 20 calls, 50000 tokens, 1.5 GPU s more a day until 2026-11-30; "
                    + "today 6/50 calls, 800/20000 tokens, 11.2/600.0 GPU s spent or reserved\n")
            let revoked = await Printed.by(["budget", "revoke", "maths"], path: path)
            #expect(revoked.output.hasPrefix("Queue maths: 1 grant revoked; today "))
        }
        #expect(
            daemon.state.withLock { $0.granted }
                == .init(
                    queue: MessageSamples.queue, amount: Spend(calls: 20, tokens: 50_000, gpuMilliseconds: 1_500),
                    until: DayKey(year: 2026, month: 11, day: 30)))
    }

    @Test(arguments: [
        ([], "nothing to grant"), (["--calls", "none"], "--calls cannot be 'none'"),
        (["--calls", "-3"], "--calls"), (["--calls", "0"], "nothing to grant"),
        (["--calls", "1", "--until", "tomorrow"], "--until 'tomorrow' is no day"),
    ])
    func `refuses what grants nothing`(options: [String], message: String) async {
        let printed = await Printed.by(["budget", "grant", "maths"] + options)
        #expect(printed.exit == .usage)
        #expect(printed.messages.hasPrefix("londictl: \(message)"), "\(printed.messages)")
    }

    @Test func `shows grants beside the limits that hold with them`() async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(
                ["budget", "show", "-o", "queue,calls,granted,left,warned", "-n"], path: path)
            #expect(printed.output == "maths  3/50  20 calls until 2026-11-30  88.0 %  no\n")
        }
    }

    @Test func `says what one more call is worth, in a table, a sentence and with the policy`() async throws {
        let sentence =
            "one more DEEPTHINK call today is worth +0.063 expected reward beyond its cost: "
            + "about 40 jobs and 45 calls to come, 44 calls left\n"
        try await withServer(StubDaemon().table) { path in
            let fields = "queue,price,jobs_to_come,calls_to_come,calls_left"
            let printed = await Printed.by(["budget", "show", "maths", "-o", fields, "-n"], path: path)
            #expect(printed.output == "maths  0.063  40.0  44.5  44.0\n")
            #expect(printed.messages == sentence)
            #expect(await Printed.by(["budget", "show"], path: path).messages == "")
            #expect(
                await Printed.by(["policy", "show", "maths"], path: path).output.hasSuffix("Price now: " + sentence))
        }
    }

    @Test func `draws how much is used and says when it ends at this rate`() async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(
                ["budget", "show", "-n", "-o", "queue,used,burn,exhausts,exhausts_at"], path: path,
                at: MessageSamples.now.advanced(byMilliseconds: 600_000))
            #expect(printed.output == "maths  [#.........] 12 %  24 calls/h  in 1 h  2026-11-23T11:50:00Z\n")
        }
    }

    @Test func `lists who changed budgets and what they changed`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(["budget", "history", "maths", "--limit", "5"], path: path)
            #expect(
                printed.output == """
                    AGE        USER  ACTION     SUBJECT  CHANGE
                    3 min ago  root  queue.set  maths    limit-calls=30->50

                    """)
            let unknown = await Printed.by(["budget", "history", "empty"], path: path)
            #expect(unknown.exit == .notFound)
        }
        let asked = daemon.state.withLock { $0.events }
        #expect(asked?.actions?.contains("budget.grant") == true)
    }
}
