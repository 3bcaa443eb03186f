import Control
import Domain
import Glibc
import Hashing
import Synchronization
import Testing

@testable import londictl

/// londictl as its users and their scripts see it: whole commands over a real socket, with what they print and how they
/// end.
@Suite(.timeLimit(.minutes(5))) struct `londictl` {
    private static let batchLine =
        #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","#
        + #""body":{"messages":[{"role":"user","content":"x"}]}}"#

    @Test func `submits a file with its line numbers and the digest of its lines`() async throws {
        let daemon = StubDaemon()
        let input = "\u{feff}\(Self.batchLine)\n\n\(Self.batchLine)"
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(
                ["submit", "-q", "maths", "-f", "-", "--parsable"], path: path, input: input)
            #expect(printed.exit == .ok)
            #expect(printed.output == "b7\n")
        }
        let state = daemon.state.withLock { $0 }
        #expect(state.lines.map(\.number) == [1, 3])
        #expect(state.lines.map(\.text) == [Self.batchLine, Self.batchLine])
        let digest = hexadecimal(SHA256.digest(of: "\(Self.batchLine)\n\n\(Self.batchLine)\n"))
        #expect(state.committed == .init(batch: BatchID(7), sha256: digest, allowDuplicate: false))
        #expect(!state.isAbandoned)
    }

    @Test func `shows every invalid line, up to twenty, and queues nothing`() async throws {
        let daemon = StubDaemon()
        let input = Self.batchLine + "\n" + String(repeating: "{}\n", count: 30)
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(["submit", "--queue=maths", "-f-"], path: path, input: input)
            #expect(printed.exit == .error)
            #expect(printed.output == "")
            let lines = printed.messages.split(separator: "\n")
            #expect(
                lines.first == "-:2: custom_id is missing; expected a text of 1 to 512 bytes, different on every line")
            #expect(lines.count { $0.hasPrefix("-:") } == 20)
            #expect(
                lines.last == "londictl: 30 invalid lines; nothing was queued: correct the file and submit it again")
        }
        #expect(daemon.state.withLock { $0.committed } == nil)
        #expect(daemon.state.withLock { $0.isAbandoned })
    }

    @Test func `sends a large file in several messages without losing a line`() async throws {
        let daemon = StubDaemon()
        let input = String(repeating: Self.batchLine + "\n", count: 2500)
        let file = "\(try makeDirectory())/large.jsonl"
        let descriptor = open(file, O_CREAT | O_WRONLY, 0o600)
        _ = Array(input.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        close(descriptor)
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(["submit", "--queue", "maths", "-f", file], path: path)
            #expect(printed.output == "Batch b7: 2500 jobs queued in maths; `londictl wait b7` waits for it\n")
        }
        #expect(daemon.state.withLock { $0.lines.map(\.number) } == Array(1...2500))
        unlink(file)
        rmdir(String(file.dropLast("/large.jsonl".count)))
    }

    @Test func `submits a prompt with a verifier and prints the answer`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(
                [
                    "submit", "--queue", "maths", "--prompt", "2+2?", "--verifier",
                    #"{"type":"numeric","answer":4}"#, "--priority", "-3", "--wait",
                ], path: path)
            #expect(printed.exit == .ok)
            #expect(printed.output == "4\n")
        }
        let submitted = try #require(daemon.state.withLock { $0.submitted })
        #expect(submitted.specification.messages == [Message(role: "user", content: "2+2?")])
        #expect(submitted.specification.verifier == .numeric(answer: 4, tolerance: 0))
        #expect(submitted.priority == -3)
    }

    @Test func `waits until all ended and says by its exit code whether all have answers`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let good = await Printed.by(["wait", "b7"], path: path)
            #expect(good.exit == .ok)
            #expect(
                good.messages
                    == "b7 0/2  2 running  DEEPTHINK 6/50 calls, 800/20000 tokens, 11.2/600.0 GPU s\n"
                    + "b7 2/2  2 completed  DEEPTHINK 6/50 calls, 800/20000 tokens, 11.2/600.0 GPU s\n")
            daemon.state.withLock { $0.counts.failed = 1 }
            let bad = await Printed.by(["wait", "b7", "--json"], path: path)
            #expect(bad.exit == .jobFailed)
            let json = try JSONReader.value(of: bad.output)
            #expect(json["counts"]?["failed"] == .integer(1))
        }
    }

    @Test func `gives a wait up after its timeout`() async throws {
        let daemon = StubDaemon()
        daemon.state.withLock { $0.counts.running = 1 }
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(["wait", "b7", "--timeout", "20ms"], path: path)
            #expect(printed.exit == .jobFailed)
            #expect(printed.messages.hasSuffix("timed out; the jobs go on: `londictl wait b7` comes back to them\n"))
        }
    }

    @Test func `says that what it should cancel had ended`() async throws {
        let daemon = StubDaemon()
        daemon.state.withLock { $0.cancelled = 0 }
        try await withServer(daemon.table) { path in
            let job = await Printed.by(["cancel", "42"], path: path)
            #expect(job.output == "Job 42 had ended already; nothing was cancelled\n")
            #expect(job.exit == .ok)
            let batch = await Printed.by(["cancel", "b7"], path: path)
            #expect(batch.output == "Every job of batch b7 had ended already; nothing was cancelled\n")
        }
    }

    @Test func `claims no learning for a policy that does not learn`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let learnt = await Printed.by(["policy", "show", "maths"], path: path)
            #expect(learnt.output.contains("\n  learnt from 40 episodes; mean reward 0.700\n"))
            daemon.state.withLock {
                $0.policy.settings.kind = .alwaysQuick
                $0.policy.episodeCount = 1
            }
            let fixed = await Printed.by(["policy", "show", "maths"], path: path)
            #expect(fixed.output.contains("\n  1 judged episode; mean reward 0.700\n"))
        }
    }

    /// 64 bits do not fit into the numbers of most readers of JSON.
    @Test func `writes a step's seed as a text`() async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(["explain", "42", "--json"], path: path)
            let steps = try JSONReader.value(of: printed.output)["steps"]?.array
            #expect(steps?.first?["decision"]?["seed"] == .string("18446744073709551615"))
        }
    }

    @Test func `tells its version without a daemon too`() async throws {
        let alone = await Printed.by(["version", "--json"])
        #expect(alone.output == "{\"schema_version\":1,\"londictl\":\"0.1.0\"}\n")
        #expect(alone.exit == .ok)
        try await withServer(StubDaemon().table) { path in
            let both = await Printed.by(["version", "--json"], path: path)
            #expect(both.output == "{\"schema_version\":1,\"londictl\":\"0.1.0\",\"londid\":\"9.9\"}\n")
            #expect(await Printed.by(["--version"], path: path).output == "londictl 0.1.0\nlondid 9.9\n")
        }
    }

    @Test func `prints results to stdout and says what is missing on stderr`() async throws {
        try await withServer(StubDaemon().table) { path in
            let answers = await Printed.by(["results", "b7"], path: path)
            #expect(answers.output == "{\"custom_id\":\"a\"}\n{\"custom_id\":\"c\"}\n")
            #expect(answers.messages == "1 job without an answer; `londictl results b7 --errors` says why\n")
            let errors = await Printed.by(["results", "b7", "--errors"], path: path)
            #expect(errors.output == "{\"custom_id\":\"b\"}\n")
            #expect(errors.messages == "")
        }
    }

    @Test func `lists jobs as a table, chosen fields, lines or one object`() async throws {
        try await withServer(StubDaemon().table) { path in
            let table = await Printed.by(["list"], path: path)
            #expect(
                table.output == """
                    JOB  QUEUE  BATCH  ID   STATE      REASON    STEPS  DEEPTHINK  GPU_S  REWARD  AGE
                     42  maths  b7     p-1  completed  Priority      2          1   11.2   0.500  3 min ago
                     43  maths  -      -    pending    -             0          0    0.0       -  3 min ago

                    """)
            let fields = await Printed.by(["list", "-n", "-o", "job,state"], path: path)
            #expect(fields.output == "42  completed\n43  pending\n")
            let lines = await Printed.by(["list", "--jsonl"], path: path)
            #expect(lines.output.split(separator: "\n").count == 2)
            let object = await Printed.by(["--json", "list"], path: path)
            let json = try JSONReader.value(of: object.output)
            #expect(json["jobs"]?.array?.count == 2)
            let unknown = await Printed.by(["list", "-o", "jb"], path: path)
            #expect(unknown.exit == .usage)
            #expect(unknown.messages.contains("'jb' is no field of list; it has job, queue"))
        }
    }

    /// The reason for everything that the Switcher does must be on the screen.
    @Test func `explains each step`() async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(["explain", "42"], path: path)
            #expect(
                printed.output.contains(
                    """
                    Step 0  DEEPTHINK  p=0.950  draft, kept  the same as the draft  exploration  masked: the day's calls budget  values \
                    QUICK 0.400, DEEPTHINK 0.500  price 0.125  policy 12
                        tokens 12+3 prompt+cached, 2 generated; 1.3 GPU s; end-of-turn; reward 1.000; day 2026-11-23
                        | 4

                        > You see a wall

                    Step 1  QUICK  p=1.000  policy 0  (running)

                    """))
            #expect(printed.output.hasSuffix("answered, reward 1.000, success\n"))
        }
    }

    @Test func `makes a queue with the limits that were typed`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(
                [
                    "queue", "create", "maths", "--deepthink-calls", "30/day", "--deepthink-tokens", "20000/day",
                    "--deepthink-gpu-seconds", "600/day", "--time-zone", "Europe/Berlin", "--on-budget", "quick",
                    "--switcher", "threshold", "--parameter", "-0.5", "--cost", "0.05", "--exploration-rate", "0.2",
                    "--max-steps", "8", "--step-tokens", "128", "--deepthink-calls-per-job", "1", "--observe", "draft",
                ], path: path)
            #expect(printed.exit == .ok)
            #expect(
                printed.output
                    == "Queue maths created: DEEPTHINK 30 calls, 20000 tokens, 600.0 GPU s a day (Europe/Berlin), then "
                    + "quick, at most 1 call a job; switcher threshold after QUICK's draft, cost 0.050\n")
            let taken = await Printed.by(["queue", "create", "taken"], path: path)
            #expect(taken.exit == .conflict)
            #expect(taken.messages == "londictl: queue taken exists; choose another name\n")
            let paused = await Printed.by(["queue", "pause", "maths"], path: path)
            #expect(paused.exit == .ok)
            #expect(daemon.state.withLock { $0.changes } == QueueChanges(isPaused: true))
            let unlimited = await Printed.by(
                ["queue", "set", "maths", "--deepthink-calls-per-job", "none", "--observe", "state"], path: path)
            #expect(unlimited.exit == .ok)
        }
        let state = daemon.state.withLock { $0 }
        #expect(
            state.created?.settings
                == QueueSettings(
                    limits: BudgetLimits(calls: 30, tokens: 20_000, gpuMilliseconds: 600_000),
                    timeZone: "Europe/Berlin", onBudget: .quick, deepthinkCallsPerJob: 1, observe: .draft,
                    switcher: SwitcherSettings(kind: .threshold, cost: 0.05, parameter: -0.5, explorationRate: 0.2),
                    maxSteps: 8, stepTokens: 128))
        #expect(state.changes == QueueChanges(removeLimits: [.jobCalls], observe: .state))
    }

    @Test func `sums up spend by the groups and days that were asked for`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(
                ["spend", "--by", "queue,day", "-S", "2026-11-01", "-E2026-11-30"], path: path)
            #expect(printed.output.hasPrefix("QUEUE  DAY         JOBS  QUICK_CALLS"))
            #expect(printed.output.contains("\nmaths  2026-11-23     3            3"))
        }
        #expect(
            daemon.state.withLock { $0.spend }
                == .init(
                    from: DayKey(year: 2026, month: 11, day: 1), to: DayKey(year: 2026, month: 11, day: 30),
                    by: [.queue, .day]))
    }

    /// DEEPTHINK calls on the 21st, 22nd and 24th: 3, 6 and 12 of maths, 0, 0 and 4 of jobs without a batch.
    @Test func `draws the course of spend over the days beside its sums`() async throws {
        let daemon = StubDaemon()
        func row(_ batch: BatchID?, _ day: Int64?, _ calls: Int64) -> SpendRow {
            SpendRow(
                day: day.map { DayKey(year: 2026, month: 11, day: $0) }, batch: batch, jobs: 1, quick: .zero,
                deepthink: Spend(calls: calls))
        }
        daemon.state.withLock {
            $0.rows = [row(nil, nil, 4), row(BatchID(7), nil, 21)]
            $0.dailyRows = [
                row(nil, 24, 4), row(BatchID(7), 21, 3), row(BatchID(7), 22, 6), row(BatchID(7), 24, 12),
            ]
        }
        try await withServer(daemon.table) { path in
            let fields = ["-o", "batch,deepthink_calls,calls_by_day"]
            let printed = await Printed.by(["spend", "--by", "batch", "-S", "5d"] + fields, path: path)
            #expect(
                printed.output == """
                    BATCH  DEEPTHINK_CALLS  CALLS_BY_DAY
                    -                    4     █
                    b7                  21  ▃▅ █
                    total                3  ▂▄ █

                    """)
            let today = await Printed.by(["spend", "--by", "batch"], path: path)
            #expect(!today.output.contains("CALLS_BY_DAY"))
        }
        #expect(daemon.state.withLock { $0.spend }?.by == [.batch])
    }

    @Test func `a long series is drawn as sums of neighbours`() {
        #expect(Chart.sparkline([]) == "")
        #expect(Chart.sparkline([0, 0]) == "")
        #expect(Chart.sparkline([1, 8]) == "▂█")
        #expect(Chart.sparkline(Array(repeating: 1, count: 61)).count == 21)
    }

    /// Every command prints something with the daemon there, and valid JSON with --json.
    @Test(arguments: [
        ["queue", "list"], ["budget", "show"], ["spend"], ["policy", "show", "maths"], ["policy", "versions", "maths"],
        ["policy", "history", "maths"], ["policy", "thaw", "maths"], ["policy", "evaluate", "maths"],
        ["policy", "curve", "maths"], ["policy", "heatmap", "maths"],
        ["status"], ["show", "42"], ["explain", "42"], ["cancel", "b7"], ["queue", "resume", "maths"], ["list"],
    ])
    func `prints for people and for machines`(command: [String]) async throws {
        try await withServer(StubDaemon().table) { path in
            let people = await Printed.by(command, path: path)
            #expect(people.exit == .ok)
            #expect(people.output.hasSuffix("\n"))
            #expect(!people.output.hasPrefix("{"))
            let machines = await Printed.by(command + ["--json"], path: path)
            let json = try JSONReader.value(of: machines.output)
            #expect(json.object != nil)
        }
    }

    /// A prompt or a name that a stranger chose must not steer the administrator's terminal.
    @Test func `shows no control characters of other people's texts`() {
        #expect(Plain.text("a\u{1b}[2Jb\nc\u{9b}", keepsLines: false) == "a?[2Jb c?")
        #expect(Plain.text("a\nb", keepsLines: true) == "a\nb")
    }

    @Test func `draws a bar with rate and time left`() {
        var progress = WaitProgress(.batch(BatchID(7)), at: MessageSamples.now)
        func reply(_ completed: Int) -> Wait.Reply {
            var counts = JobCounts()
            counts.completed = completed
            counts.pending = 40 - completed
            return .init(counts: counts, total: 40, finished: completed == 40)
        }
        _ = progress.bar(reply(10), at: MessageSamples.now, width: 200)
        let bar = progress.bar(reply(20), at: MessageSamples.now.advanced(byMilliseconds: 5000), width: 200)
        #expect(bar == "b7 [##########----------] 20/40  20 pending, 20 completed  2.0/s  ETA 10 s")
        #expect(progress.bar(reply(20), at: MessageSamples.now, width: 30).count == 29)
    }
}
