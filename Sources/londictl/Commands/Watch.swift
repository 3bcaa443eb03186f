import Control
import Domain

extension Command {
    static let watch = Command(
        words: ["watch"],
        summary:
            "Show a job's steps as they are written, until it ends; exit 1 if it has no answer, 5 for want of budget",
        arguments: ["JOB"], examples: ["watch 42", "watch 42 --jsonl"], output: .lines
    ) { invocation async throws(CommandError) in
        let job = try invocation.job(invocation.arguments[0])
        InterruptNotice.set("\ninterrupted; the job goes on: `londictl watch \(job)` comes back to it\n")
        var transcript = Transcript(invocation)
        var daemon = try Reconnection(invocation)
        while true {
            do throws(CommandError) {
                let session = try daemon.session()
                while true {
                    let reply = try await session.call(ExplainJob.self, .init(job: job))
                    daemon.noteReply()
                    if let exit = transcript.show(reply) { return exit }
                    await Pause.glance.wait()
                }
            } catch { try await daemon.pause(after: error) }
        }
    }
}

/// What was shown of a job, so that each step is shown once.
struct Transcript {
    private struct Key: Hashable {
        let index: Int
        let role: Role
        let startedAt: Timestamp
    }

    private let invocation: Invocation
    private var shown: Set<Key> = []
    private var isBegun = false
    private var statusLine = ""
    private var console: Console { invocation.console }

    init(_ invocation: Invocation) { self.invocation = invocation }

    /// Shows what is new. Returns how the command ends, once the job has ended.
    mutating func show(_ reply: ExplainJob.Reply) -> ExitCode? {
        if !isBegun, !invocation.isForMachines {
            console.write(
                "Job \(reply.job.job) in \(reply.job.queue)\n"
                    + JobText.conversation(reply.specification, outcome: nil) + JobText.opening(reply.opening))
        }
        isBegun = true
        for step in reply.steps where step.state != .running {
            guard shown.insert(Key(index: step.index, role: step.role, startedAt: step.startedAt)).inserted else {
                continue
            }
            tell("")
            if invocation.isForMachines {
                invocation.writeRows([step])
            } else {
                console.write(JobText.step(step, console.paint))
            }
        }
        guard reply.job.state.isTerminal else {
            tell(Self.status(of: reply))
            return nil
        }
        tell("")
        return end(reply)
    }

    private func end(_ reply: ExplainJob.Reply) -> ExitCode {
        let job = reply.job
        if !invocation.isForMachines {
            let answer = reply.outcome.map { ", reward \(Phrase.reward($0.reward))" } ?? ""
            console.write("\(console.paint(job.state.rawValue, job.state.style))\(answer)\n")
        }
        if let fault = job.fault { console.complain("job \(job.job): \(Plain.text(fault, keepsLines: false))\n") }
        if job.state == .completed { return .ok }
        return job.faultCode == BudgetRefusal.faultCode ? .budgetRefused : .jobFailed
    }

    /// What goes on now, on a line of its own that is drawn over.
    private mutating func tell(_ text: String) {
        guard console.drawsProgress, text != statusLine else { return }
        console.complain("\r\(text)\u{1b}[K")
        statusLine = text
    }

    private static func status(of reply: ExplainJob.Reply) -> String {
        if let step = reply.steps.last(where: { $0.state == .running }) {
            return "step \(step.index): \(Phrase.role(step.role)) writes"
        }
        return reply.job.state.rawValue + (reply.job.pendingReason.map { " (\($0.rawValue))" } ?? "")
    }
}
