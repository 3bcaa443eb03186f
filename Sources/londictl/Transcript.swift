import Control
import Domain

/// What was shown of a job, so that each step is shown once: as it grows, or when it is recorded.
///
/// Nothing that was shown is taken back: what was written and came to nothing is marked, so that it can be read, copied
/// and scrolled to.
struct Transcript {
    private struct Key: Hashable {
        let index: Int
        let role: Role
        let startedAt: Timestamp
    }

    /// A step that is shown as it grows.
    private struct Open {
        let index: Int
        let role: Role
        let isDraft: Bool
        var text = ""
    }

    private let invocation: Invocation
    private let showsParts: Bool
    private var shown: Set<Key> = []
    private var isBegun = false
    private var knowsOpening = false
    private var open: Open?
    private var statusLine = ""
    private var console: Console { invocation.console }

    init(_ invocation: Invocation) {
        self.invocation = invocation
        showsParts = invocation.isSet("partial") || (invocation.console.isTerminal && !invocation.isForMachines)
    }

    /// Shows what is new. Returns how the command ends, once the job has ended.
    mutating func show(_ reply: WatchJob.Reply) -> ExitCode? {
        if let specification = reply.specification, !isBegun {
            isBegun = true
            say("Job \(reply.job.job) in \(reply.job.queue)\n" + JobText.conversation(specification, outcome: nil))
        }
        if let opening = reply.opening, !knowsOpening {
            knowsOpening = true
            say(JobText.opening(opening))
        }
        for step in reply.steps { show(step) }
        if let part = reply.part { show(part) }
        guard reply.job.state.isTerminal else {
            if open == nil { tell(Self.status(of: reply)) }
            return nil
        }
        drop("cut off")
        return end(reply)
    }

    private mutating func show(_ step: StepView) {
        let key = Key(index: step.index, role: step.role, startedAt: step.startedAt)
        guard shown.insert(key).inserted else { return }
        if invocation.isForMachines {
            tell("")
            invocation.writeRows([step])
            return
        }
        if let open, open.index == step.index, open.role == step.role {
            let rest = step.state == .written ? step.generated?.text.rest(after: open.text) : nil
            if let rest {
                write(rest)
                closeLine()
                self.open = nil
            } else {
                drop(step.state == .abandoned ? "cut off" : "recorded otherwise")
            }
            return say(JobText.step(step, console.paint, showsText: rest == nil && step.state == .written))
        }
        say(JobText.step(step, console.paint))
    }

    private mutating func show(_ part: StepPart) {
        guard showsParts else { return }
        if invocation.isForMachines {
            tell("")
            invocation.writeRows([part])
            return
        }
        if part.isFirst || open == nil {
            // After a lost connection it begins anew.
            if let open, open.index == part.index, open.role == part.role, let rest = part.text.rest(after: open.text) {
                return write(rest)
            }
            drop("cut off")
            say("Step \(part.index)  \(paint(part.role))\(part.isDraft ? " drafts" : " writes")\n")
            open = Open(index: part.index, role: part.role, isDraft: part.isDraft)
        }
        write(part.text)
    }

    /// Goes on with the open step.
    private mutating func write(_ addition: String) {
        guard let open else { return }
        let prefix = console.paint.isOn ? "    | " : "    \(Phrase.role(open.role)) | "
        var lines = ""
        var isLineStart = open.text.isEmpty || open.text.ends(with: "\n")
        for line in Plain.text(addition, keepsLines: true).parts(at: "\n", omittingEmpty: false).enumerated() {
            if line.offset > 0 {
                lines += "\n"
                isLineStart = true
            }
            guard !line.element.isEmpty else { continue }
            lines += (isLineStart ? prefix : "") + console.paint(String(line.element), open.role.style)
            isLineStart = false
        }
        self.open?.text += addition
        console.write(lines)
    }

    private func closeLine() {
        if let open, !open.text.isEmpty, !open.text.ends(with: "\n") { console.write("\n") }
    }

    /// Marks what is open as no part of the answer.
    private mutating func drop(_ reason: String) {
        guard open != nil else { return }
        closeLine()
        console.write("    \(console.paint("(\(reason): not part of the answer)", .warning))\n")
        self.open = nil
    }

    private func paint(_ role: Role) -> String { console.paint(Phrase.role(role), role.style) }

    private mutating func end(_ reply: WatchJob.Reply) -> ExitCode {
        let job = reply.job
        let answer = reply.outcome.map { ", reward \(Phrase.reward($0.reward))" } ?? ""
        say("\(console.paint(job.state.rawValue, job.state.style))\(answer)\n")
        if let fault = job.fault { console.complain("job \(job.job): \(Plain.text(fault, keepsLines: false))\n") }
        if job.state == .completed { return .ok }
        return job.faultCode == BudgetRefusal.faultCode ? .budgetRefused : .jobFailed
    }

    /// Text for people, after the line that is drawn over.
    private mutating func say(_ text: String) {
        tell("")
        if !invocation.isForMachines { console.write(text) }
    }

    /// What goes on now, on a line of its own that is drawn over.
    private mutating func tell(_ text: String) {
        guard console.drawsProgress, text != statusLine else { return }
        console.complain("\r\(Plain.cut(text, to: max(20, console.progressWidth - 1)))\u{1b}[K")
        statusLine = text
    }

    private static func status(of reply: WatchJob.Reply) -> String {
        if let part = reply.part {
            return "step \(part.index): \(Phrase.role(part.role)) \(part.isDraft ? "drafts" : "writes")"
        }
        return reply.job.state.rawValue + (reply.job.pendingReason.map { " (\($0.rawValue))" } ?? "")
    }
}
