import Control
import Domain

/// How fast long work goes and when it will be done, from how far it was at first and is now.
struct ProgressPace {
    private let beganAt: Timestamp
    private var first: (count: Int, done: Int)?

    init(at now: Timestamp) { beganAt = now }

    /// `1.2/s` and `ETA 17 s`; nothing before there is something to tell, no ETA where the whole is not known.
    /// - Parameters:
    ///   - count: what the rate counts.
    ///   - done: the part of `total` that is done, in any unit.
    mutating func words(count: Int, done: Int, of total: Int?, at now: Timestamp) -> [String] {
        let first = first ?? (count, done)
        self.first = first
        let milliseconds = Double(now.milliseconds - beganAt.milliseconds)
        guard milliseconds > 0, count > first.count else { return [] }
        let rate = Double(count - first.count) / milliseconds * 1000
        var words = [rate >= 0.1 ? "\(Phrase.number(rate, digits: 1))/s" : "\(Phrase.number(rate * 60, digits: 1))/min"]
        if let total, done < total, done > first.done {
            let left = Double(total - done) * milliseconds / Double(done - first.done)
            words.append("ETA \(Phrase.duration(Int64(left)))")
        }
        return words
    }
}

/// How far a command is, on one line of the terminal that is drawn over; nothing where there is no terminal.
struct ProgressLine {
    /// Between two drawings.
    private static let pauseMilliseconds: Int64 = 100
    private static let cells = 20

    private let label: String
    private let console: Console
    private var pace: ProgressPace
    private var nextAt: Timestamp
    private var isDrawn: Bool

    /// - Parameters:
    ///   - label: what is worked on; of a path the last name.
    ///   - other: whose line this one takes over.
    init(_ label: String, _ console: Console, after other: ProgressLine? = nil) {
        isDrawn = other?.isDrawn ?? false
        self.label = FileName(label).last.description
        self.console = console
        let now = console.now()
        pace = ProgressPace(at: now)
        nextAt = now
    }

    /// `answers.jsonl [#####---------------] 1200 lines  300.0/s  ETA 12 s`, without the bar where the whole is not known.
    /// - Parameters:
    ///   - words: what is done.
    ///   - count: what the rate counts.
    ///   - done: the part of `total` that is done, in any unit.
    mutating func draw(_ words: String, count: Int, done: Int, of total: Int?) {
        let now = console.now()
        guard console.drawsProgress, now >= nextAt else { return }
        nextAt = now.advanced(byMilliseconds: Self.pauseMilliseconds)
        isDrawn = true
        let text = text(words, count: count, done: done, of: total, at: now)
        // Back to the line's beginning, and erase to its end after the new text.
        console.complain("\r\(text)\u{1b}[K")
    }

    mutating func text(_ words: String, count: Int, done: Int, of total: Int?, at now: Timestamp) -> String {
        let bar = total.map { Self.bar(done, of: $0) }
        let parts = [words] + pace.words(count: count, done: done, of: total, at: now)
        let text = ([label, bar].compactMap(\.self) + [parts.joined(separator: "  ")]).joined(separator: " ")
        return Plain.cut(text, to: max(20, console.progressWidth - 1))
    }

    /// Leaves the line empty for what comes next.
    mutating func clear() {
        guard isDrawn else { return }
        isDrawn = false
        console.complain("\r\u{1b}[K")
    }

    /// `[#####---------------]`; full where there is nothing to do.
    static func bar(_ done: Int, of total: Int) -> String {
        let filled = total <= 0 ? cells : Int(Double(done) / Double(total) * Double(cells))
        return Chart.bar(filled, of: cells, rest: "-")
    }
}
