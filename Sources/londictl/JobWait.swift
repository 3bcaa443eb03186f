import Control
import Domain

/// Waits for a job or a batch, showing how far it is; used by `wait` and by `submit --wait`.
struct JobWait {
    /// How often the daemon may be away before the wait is given up: once a second.
    private static let reconnections = 60

    let invocation: Invocation
    let target: Target
    /// nil waits for ever.
    var timeoutMilliseconds: Int64?

    /// The last reply, or nil where the time ran out.
    func run() async throws(CommandError) -> Wait.Reply? {
        InterruptNotice.set("\ninterrupted; the jobs go on: `londictl wait \(target)` comes back to them\n")
        let console = invocation.console
        let deadline = timeoutMilliseconds.map { console.now().advanced(byMilliseconds: $0) }
        var progress = WaitProgress(target, at: console.now())
        var failures = 0
        var isFirst = true
        while true {
            do throws(ControlError) {
                var replies = try await connect(isFirst: isFirst)
                isFirst = false
                while let reply = try await replies.next(withinMilliseconds: remaining(until: deadline)) {
                    failures = 0
                    show(reply, &progress)
                    if reply.finished { return reply }
                }
                throw .disconnected
            } catch .timedOut {
                if console.drawsProgress { console.complain("\n") }
                return nil
            } catch {
                // A daemon that restarts goes on with every job: so does the wait.
                guard !isFirst, ExitCode(error) == .unreachable, failures < Self.reconnections,
                    remaining(until: deadline) ?? 1 > 0
                else { throw .control(error) }
                if failures == 0 {
                    console.complain(
                        (console.drawsProgress ? "\n" : "") + "the daemon is away; waiting for it to come back\n")
                }
                failures += 1
                await pause()
            }
        }
    }

    /// 0 where every job has an answer, 1 where one has none.
    static func exitCode(of reply: Wait.Reply) -> ExitCode { reply.counts.unanswered == 0 ? .ok : .jobFailed }

    private func connect(isFirst: Bool) async throws(ControlError) -> ReplyStream<Wait> {
        let session: Session
        do throws(CommandError) { session = try Session(invocation) } catch {
            guard case .control(let cause) = error else { throw .unavailable(what: error.message) }
            throw cause
        }
        return try await session.replies(Wait.self, .init(batch: target.batch, job: target.job))
    }

    private func remaining(until deadline: Timestamp?) -> Int64? {
        deadline.map { max(0, $0.milliseconds - invocation.console.now().milliseconds) }
    }

    private func pause() async {
        do { try await Task.sleep(for: .seconds(1)) } catch {
            // Nothing cancels this task; a shorter pause would do no harm.
        }
    }

    private func show(_ reply: Wait.Reply, _ progress: inout WaitProgress) {
        let console = invocation.console
        if invocation.isSet("jsonl") {
            console.write(JSONText.text(of: reply) + "\n")
        } else if invocation.isSet("json") {
            if reply.finished { console.write(JSONText.text(of: reply) + "\n") }
        } else if console.drawsProgress {
            // Back to the line's beginning, and erase to its end after the new text.
            let bar = progress.bar(reply, at: console.now(), width: console.width)
            console.complain("\r\(bar)\u{1b}[K\(reply.finished ? "\n" : "")")
        } else if reply.finished || progress.isLineDue(at: console.now()) {
            console.complain(progress.line(reply, at: console.now()) + "\n")
        }
    }
}
