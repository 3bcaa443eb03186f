import Control
import Domain
import Hashing
import Synchronization
import Testing

@testable import londictl

/// What a script relies on when it submits work and waits for it: one exit code, one object, the same batch for the
/// same lines.
@Suite(.timeLimit(.minutes(5))) struct `Submitting and waiting` {
    private static let line =
        #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","#
        + #""body":{"messages":[{"role":"user","content":"x"}]}}"#

    /// Scripts tell a spent budget from a wrong answer by 5, wherever they wait for one job.
    @Test(arguments: [
        ["wait", "42"], ["wait", "b7"], ["submit", "-q", "maths", "--prompt", "x", "--wait"],
        ["submit", "-q", "maths", "-f", "-", "--wait"],
    ])
    func `ends with 5 where the budget refused the only job`(command: [String]) async throws {
        let daemon = StubDaemon()
        daemon.state.withLock {
            $0.counts = JobCounts()
            $0.counts.failed = 1
            $0.faultCode = "budget-exhausted"
        }
        try await withServer(daemon.table) { path in
            #expect(await Printed.by(command, path: path, input: Self.line).exit == .budgetRefused)
            daemon.state.withLock { $0.faultCode = "model-error" }
            #expect(await Printed.by(command, path: path, input: Self.line).exit == .jobFailed)
        }
    }

    @Test func `takes what has ended for no timeout`() async throws {
        let daemon = StubDaemon()
        daemon.state.withLock { $0.endsAtOnce = true }
        try await withServer(daemon.table) { path in
            #expect(await Printed.by(["wait", "b7", "--timeout", "0"], path: path).exit == .ok)
        }
    }

    @Test func `writes no line of progress twice`() {
        var progress = WaitProgress(.batch(BatchID(7)), at: MessageSamples.now)
        let reply = Wait.Reply(counts: MessageSamples.counts, total: 28, finished: false)
        let later = MessageSamples.now.advanced(byMilliseconds: 60_000)
        var end = reply
        end.finished = true
        let due = [(reply, MessageSamples.now), (reply, later), (end, later), (end, later)]
            .map { progress.isLineDue($0.0, at: $0.1) }
        #expect(due == [true, false, true, false])
    }

    /// A script reads one object, whatever happened on the way.
    @Test func `prints one object for a submission that it waited for`() async throws {
        try await withServer(StubDaemon().table) { path in
            let job = await Printed.by(["submit", "-q", "maths", "--prompt", "x", "--wait", "--json"], path: path)
            let prompt = try JSONReader.value(of: job.output)
            #expect(prompt["job"] == .integer(42))
            #expect(prompt["counts"]?["completed"] == .integer(2))
            #expect(prompt["outcome"]?["answer"] == .string("4"))
            let file = await Printed.by(
                ["submit", "-q", "maths", "-f", "-", "--wait", "--json"], path: path, input: Self.line)
            let batch = try JSONReader.value(of: file.output)
            #expect(batch["batch"] == .string("b7"))
            #expect(batch["jobCount"] == .integer(1))
            #expect(batch["counts"]?["completed"] == .integer(2))
        }
    }

    /// The same lines are the same batch, whichever editor wrote them.
    @Test(arguments: ["\(line)\n\n\(line)\n", "\u{feff}\(line)\r\n\r\n\(line)\r\n"])
    func `sends the same lines for every kind of line end`(input: String) async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            #expect(await Printed.by(["submit", "-q", "maths", "-f", "-"], path: path, input: input).exit == .ok)
        }
        let state = daemon.state.withLock { $0 }
        #expect(state.lines.map(\.text) == [Self.line, Self.line])
        #expect(state.committed?.sha256 == hexadecimal(SHA256.digest(of: "\(Self.line)\n\n\(Self.line)\n")))
    }

    @Test func `says that there may be more mistakes where it stopped looking`() async throws {
        try await withServer(StubDaemon().table) { path in
            let input = String(repeating: "{}\n", count: 3000)
            let printed = await Printed.by(["submit", "-q", "maths", "-f", "-"], path: path, input: input)
            #expect(printed.messages.contains("londictl: at least 1000 invalid lines; nothing was queued"))
        }
    }

    @Test(arguments: [["--prompt", "x"], ["--environment", "rooms"], ["-f", "-"]])
    func `takes the only queue where none is named`(options: [String]) async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            #expect(await Printed.by(["submit"] + options, path: path, input: Self.line).exit == .ok)
            let state = daemon.state.withLock { $0 }
            #expect(state.submitted?.queue ?? state.begun?.queue == MessageSamples.queue)
        }
    }

    @Test(arguments: [
        ([], ExitCode.conflict, "there is no queue yet; `londictl queue create NAME` makes one"),
        (["maths", "rooms"], .usage, "--queue is missing, and there are 2: maths, rooms"),
        ("abcdefghi".map(String.init), .usage, "there are 9: a, b, c, d, e, f, g, h, ...\n"),
    ])
    func `asks for a queue where there are none or several`(
        names: [String], exit: ExitCode, words: String
    ) async throws {
        let daemon = StubDaemon()
        let queues = try names.map { name in
            var view = MessageSamples.queueView
            view.name = try QueueName(name)
            return view
        }
        daemon.state.withLock { $0.queues = queues }
        try await withServer(daemon.table) { path in
            for options in [["--prompt", "x"], ["-f", "-"]] {
                let printed = await Printed.by(["submit"] + options, path: path, input: Self.line)
                #expect(printed.exit == exit)
                #expect(printed.messages.contains(words), "\(printed.messages)")
            }
            let state = daemon.state.withLock { $0 }
            #expect(state.submitted == nil && state.begun == nil)
        }
    }
}
