import Domain

/// What a command of several stages is at: on one line of the terminal that is drawn over, or, where stderr is none, on a
/// line now and then.
struct StageLine {
    /// Between two lines that stay; before the first of them.
    private static let pauseMilliseconds: Int64 = 5_000

    private let console: Console
    private var nextAt: Timestamp
    private var isDrawn = false

    init(_ console: Console) {
        self.console = console
        nextAt = console.now().advanced(byMilliseconds: Self.pauseMilliseconds)
    }

    mutating func tell(_ stage: String) {
        if console.drawsProgress {
            isDrawn = true
            // Back to the line's beginning, and erase to its end after the new text.
            console.complain("\r\(Plain.cut(stage, to: max(20, console.progressWidth - 1)))\u{1b}[K")
        } else if console.now() >= nextAt {
            console.complain("\(stage)\n")
            nextAt = console.now().advanced(byMilliseconds: Self.pauseMilliseconds)
        }
    }

    /// Leaves the line empty for what comes next.
    mutating func clear() {
        guard isDrawn else { return }
        isDrawn = false
        console.complain("\r\u{1b}[K")
    }
}
