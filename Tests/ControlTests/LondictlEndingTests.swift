import Control
import Domain
import Synchronization
import Testing

@testable import londictl

/// What the command line says about jobs that end early or begin again, as the daemon hears it.
@Suite(.timeLimit(.minutes(5))) struct `Cancelling, retrying and waiting for others` {
    @Test func `cancel sends its filters, and refuses them for one job`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(
                ["cancel", "b7", "--state", "pending,held", "--custom-id", "p1*"], path: path)
            #expect(printed.output == "3 jobs cancelled\n")
            let expected = Cancel.Parameters(batch: BatchID(7), states: [.pending, .held], customID: "p1*")
            #expect(daemon.state.withLock(\.cancel) == expected)
            #expect(await Printed.by(["cancel", "42", "--custom-id", "p"], path: path).exit == .usage)
        }
    }

    @Test func `retry names jobs, a batch or a queue`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            func retried(_ arguments: String...) async -> Retry.Parameters? {
                daemon.state.withLock { $0.retried = nil }
                _ = await Printed.by(["retry"] + arguments, path: path)
                return daemon.state.withLock(\.retried)
            }
            #expect(await retried("42", "43") == .init(jobs: [JobID(42), JobID(43)]))
            #expect(await retried("b7", "--failed", "--cancelled") == .init(batch: BatchID(7), cancelled: true))
            #expect(
                await retried("--failed", "-q", "maths", "--deadline", "2026-11-23T10:00:00Z")
                    == .init(queue: MessageSamples.queue, deadline: Timestamp(milliseconds: 1_795_428_000_000)))
            #expect(await retried("--failed") == .init())
            for wrong in [
                [], ["b7"], ["42", "--failed"], ["42", "--queue", "maths"], ["b7", "-q", "maths", "--failed"],
            ] {
                let printed = await Printed.by(["retry"] + wrong, path: path)
                #expect(printed.exit == .usage, "\(wrong)")
            }
            #expect(await Printed.by(["retry", "42"], path: path).output == "2 jobs queued again\n")
        }
    }

    @Test func `submit sends needs and the time limit, of a prompt and of a file`() async throws {
        let daemon = StubDaemon()
        let options = ["-q", "maths", "--after-ok", "1,2", "--after-any", "3", "--time-limit", "10m"]
        let line =
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","#
            + #""body":{"messages":[{"role":"user","content":"x"}]}}"#
        try await withServer(daemon.table) { path in
            #expect(
                await Printed.by(
                    [
                        "submit", "--prompt", "x", "--answer-marker", "A:", "--max-attempts", "2", "--deepthink-calls",
                        "0",
                    ]
                        + options, path: path
                ).exit == .ok
            )
            #expect(await Printed.by(["submit", "-f", "-"] + options, path: path, input: line).exit == .ok)
            let (job, batch) = daemon.state.withLock { ($0.submitted, $0.begun) }
            #expect(job?.afterOK == [JobID(1), JobID(2)] && job?.afterAny == [JobID(3)])
            #expect(job?.timeLimitMilliseconds == 600_000 && job?.specification.answerMarker == "A:")
            #expect(job?.maxAttempts == 2 && job?.deepthinkCalls == 0)
            #expect(batch?.afterOK == [JobID(1), JobID(2)] && batch?.afterAny == [JobID(3)])
            #expect(batch?.timeLimitMilliseconds == 600_000)
            for wrong in [["--after-ok", "1,b2"], ["--time-limit", "soon"], ["--time-limit", "0"]] {
                let printed = await Printed.by(["submit", "-q", "maths", "--prompt", "x"] + wrong, path: path)
                #expect(printed.exit == .usage, "\(wrong)")
                #expect(printed.messages.contains(wrong[0]), "\(printed.messages)")
            }
        }
    }

    @Test func `show names what a job waits for`() {
        var job = MessageSamples.leanJob
        job.waitsFor = (1...12).map { JobID($0) }
        #expect(
            JobText.head(job, now: MessageSamples.now, Paint()).contains(
                "  waits for: jobs 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and 2 more\n"))
    }
}
