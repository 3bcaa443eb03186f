import Control
import Domain

/// The progress of a wait in words and as a bar, from the replies and the time that passed between them.
struct WaitProgress {
    private let target: WaitTarget
    private var pace: ProgressPace
    private var nextLineAt: Timestamp
    private var lastLine: Wait.Reply?
    /// Where no terminal redraws one line, each line stays: a log wants few of them.
    private static let lineMilliseconds: Int64 = 10_000

    init(_ target: WaitTarget, at now: Timestamp) {
        self.target = target
        pace = ProgressPace(at: now)
        nextLineAt = now
    }

    /// Whether a log gets a line for `reply`: for one that says something new, the last one always, others some seconds
    /// apart. If so, it counts as written.
    mutating func isLineDue(_ reply: Wait.Reply, at now: Timestamp) -> Bool {
        guard reply != lastLine, reply.finished || now >= nextLineAt else { return false }
        lastLine = reply
        nextLineAt = now.advanced(byMilliseconds: Self.lineMilliseconds)
        return true
    }

    /// `b7 [#####-----] 20/40  18 ok, 2 failed, 4 running  1.2/s  ETA 17 s  DEEPTHINK 12/30 calls`, cut to `width`.
    mutating func bar(_ reply: Wait.Reply, at now: Timestamp, width: Int) -> String {
        let bar = ProgressLine.bar(reply.counts.ended, of: reply.total)
        return Plain.cut("\(target) \(bar) \(words(reply, at: now))", to: max(20, width - 1))
    }

    /// The same without the bar.
    mutating func line(_ reply: Wait.Reply, at now: Timestamp) -> String { "\(target) \(words(reply, at: now))" }

    private mutating func words(_ reply: Wait.Reply, at now: Timestamp) -> String {
        let ended = reply.counts.ended
        // A queue is done when nothing is left in it, and what has ended there is not counted.
        var parts = [
            target.queue == nil ? "\(ended)/\(reply.total)" : "\(reply.total) left", Phrase.counts(reply.counts),
        ]
        parts += pace.words(count: ended, done: ended, of: reply.total, at: now)
        if let budget = reply.budget { parts.append("DEEPTHINK \(Phrase.budget(budget))") }
        return parts.joined(separator: "  ")
    }
}
