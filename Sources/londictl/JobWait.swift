import Control
import Domain

/// Waits for a job, a batch or what a queue has left, showing how far it is.
struct JobWait {
    /// How long the daemon may take to say how far it is, whatever the timeout: work that has ended is no timeout.
    private static let firstReplyMilliseconds: Int64 = 30_000

    let invocation: Invocation
    let target: WaitTarget
    /// nil waits for ever.
    var timeoutMilliseconds: Int64?
    /// Prints replies to stdout where the command line asks for JSON; else the caller does.
    var printsJSON = true

    /// The last reply, or nil where the time ran out.
    func run() async throws(CommandError) -> Wait.Reply? {
        InterruptNotice.set("\ninterrupted; the jobs go on: `\(target.comingBack)` comes back to them\n")
        let console = invocation.console
        let deadline = timeoutMilliseconds.map { console.now().advanced(byMilliseconds: $0) }
        var progress = WaitProgress(target, at: console.now())
        var daemon = try Reconnection(invocation)
        var isFirst = true
        while true {
            do throws(CommandError) {
                var replies = try await daemon.session().replies(
                    Wait.self, .init(batch: target.batch, job: target.job, queue: target.queue))
                while true {
                    let left = remaining(until: deadline)
                    let limit = isFirst ? left.map { max($0, Self.firstReplyMilliseconds) } : left
                    let reply: Wait.Reply?
                    do throws(ControlError) { reply = try await replies.next(withinMilliseconds: limit) } catch {
                        throw .control(error)
                    }
                    guard let reply else { throw .control(.disconnected) }
                    isFirst = false
                    daemon.noteReply()
                    show(reply, &progress)
                    if reply.finished { return reply }
                }
            } catch .control(.timedOut(_)) {
                return timedOut()
            } catch {
                if !isFirst, remaining(until: deadline) == 0 { return timedOut() }
                try await daemon.pause(after: error)
            }
        }
    }

    /// 0 where every job has an answer, 5 where the only one was refused by its budget, 1 otherwise.
    static func exitCode(of reply: Wait.Reply) -> ExitCode {
        if reply.counts.unanswered == 0 { return .ok }
        return reply.faultCode == BudgetRefusal.faultCode ? .budgetRefused : .jobFailed
    }

    private func timedOut() -> Wait.Reply? {
        if invocation.console.drawsProgress { invocation.console.complain("\n") }
        return nil
    }

    private func remaining(until deadline: Timestamp?) -> Int64? {
        deadline.map { max(0, $0.milliseconds - invocation.console.now().milliseconds) }
    }

    private func show(_ reply: Wait.Reply, _ progress: inout WaitProgress) {
        let console = invocation.console
        if printsJSON, invocation.isSet("jsonl") {
            invocation.writeRows([reply])
        } else if printsJSON, invocation.isSet("json") {
            if reply.finished { invocation.writeObject(reply) }
        } else if console.drawsProgress {
            // Back to the line's beginning, and erase to its end after the new text.
            let bar = progress.bar(reply, at: console.now(), width: console.progressWidth)
            console.complain("\r\(bar)\u{1b}[K\(reply.finished ? "\n" : "")")
        } else if progress.isLineDue(reply, at: console.now()) {
            console.complain(progress.line(reply, at: console.now()) + "\n")
        }
    }
}
