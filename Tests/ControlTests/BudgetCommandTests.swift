import Control
import Domain
import Glibc
import Synchronization
import Testing

@testable import londictl

/// What administrators do to budgets from the command line, and what monitoring reads.
@Suite(.timeLimit(.minutes(2))) struct `Budget commands` {
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
                    AGE        QUEUE  USER  ACTION     CHANGE
                    3 min ago  maths  root  queue.set  limit-calls=30->50

                    """)
            let unknown = await Printed.by(["budget", "history", "empty"], path: path)
            #expect(unknown.exit == .notFound)
        }
        let asked = daemon.state.withLock { $0.events }
        #expect(asked?.actions?.contains("budget.grant") == true)
    }

    /// The grammar of the text format, version 0.0.4, as far as it is used.
    @Test func `metrics are well-formed and complete`() async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(["metrics"], path: path)
            #expect(printed.exit == .ok)
            let lines = printed.output.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.last == "")
            var family = ""
            var kinds: [String: String] = [:]
            for line in lines.dropLast() {
                if let match = line.wholeMatch(of: /# HELP (londi_[a-z_]+) (\S.*\.)/) {
                    family = String(match.1)
                    #expect(kinds[family] == nil, "\(family) comes twice")
                } else if let match = line.wholeMatch(of: /# TYPE (londi_[a-z_]+) (counter|gauge)/) {
                    #expect(match.1 == family)
                    kinds[family] = String(match.2)
                    #expect(family.hasSuffix("_total") == (match.2 == "counter"), "\(family)")
                } else {
                    let sample =
                        /(londi_[a-z_]+)(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? [0-9]+(\.[0-9]+)?/
                    let match = try #require(line.wholeMatch(of: sample), "\(line)")
                    #expect(match.1 == family)
                    #expect(kinds[family] != nil, "\(family) has no type")
                    for label in ["user", "job=", "batch"] { #expect(!line.contains(label)) }
                }
            }
            for line in [
                #"londi_budget_limit_calls{queue="maths"} 50"#, #"londi_budget_limit_gpu_seconds{queue="maths"} 600"#,
                #"londi_budget_spent_gpu_seconds{queue="maths"} 5.600"#,
                #"londi_budget_reserved_tokens{queue="maths"} 400"#,
                #"londi_budget_warning{queue="maths",unit="calls"} 0"#,
                #"londi_deepthink_price_reward{queue="maths"} 0.062500"#,
                #"londi_jobs{queue="maths",state="held"} 2"#, #"londi_engine_up{role="deepthink"} 0"#,
                #"londi_engine_restarts_total{role="deepthink"} 1"#,
                #"londi_spend_calls_total{queue="maths",role="quick"} 3"#, "londi_ledger_entries_total 6",
                #"londi_spend_gpu_seconds_total{queue="maths",role="deepthink"} 5.600"#,
            ] { #expect(lines.contains(Substring(line)), "\(line)") }
        }
    }

    /// What Prometheus itself says. LONDI_TEST_PROMTOOL names the program, of Debian's package prometheus.
    @Test(.enabled(if: getenv("LONDI_TEST_PROMTOOL") != nil))
    func `promtool finds nothing to complain about`() async throws {
        let promtool = String(cString: try #require(getenv("LONDI_TEST_PROMTOOL")))
        let directory = try makeDirectory()
        let file = "\(directory)/metrics"
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(["metrics"], path: path)
            let descriptor = open(file, O_CREAT | O_WRONLY, 0o600)
            _ = Array(printed.output.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            close(descriptor)
        }
        let output = "\(directory)/complaints"
        let status = try await ChildProgram(
            ["/bin/sh", "-c", "\"$0\" check metrics < \"$1\"", promtool, file], output: output
        ).end()
        #expect(status == 0)
        #expect(try contents(of: output) == "")
    }

    @Test func `an amount of time is printed in seconds and a label's marks are escaped`() {
        let family = MetricFamily(
            "x", .gauge, "Help.",
            [.init(["queue": "a\"b\\c\nd"], 1_005, of: .gpuTime), .init([:], milliseconds: 2_000)])
        #expect(
            family.text
                == "# HELP londi_x Help.\n# TYPE londi_x gauge\nlondi_x{queue=\"a\\\"b\\\\c\\nd\"} 1.005\nlondi_x 2\n")
        #expect(MetricFamily("x", .gauge, "Help.", []).text == "")
    }
}
