import Domain
import Glibc
import Synchronization

/// The daemon's log on stderr: for journald with a priority in front, for people with the time.
package struct Log: Sendable {
    /// As syslog's numbers.
    package enum Level: Int, Sendable, CaseIterable {
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7

        package init?(parsing text: String) {
            guard let level = Level.allCases.first(where: { "\($0)" == text }) else { return nil }
            self = level
        }
    }

    private let threshold: Threshold
    private let isJournal: Bool

    /// - Parameter isJournal: stderr is read by journald, which adds the time itself (`JOURNAL_STREAM` is set).
    package init(threshold: Level, isJournal: Bool) {
        self.threshold = Threshold(threshold)
        self.isJournal = isJournal
    }

    /// From now on, for everyone who has this log.
    func setThreshold(_ level: Level) { threshold.number.store(level.rawValue, ordering: .relaxed) }

    package func error(_ message: @autoclosure () -> String) { write(.error, message) }
    package func warning(_ message: @autoclosure () -> String) { write(.warning, message) }
    package func notice(_ message: @autoclosure () -> String) { write(.notice, message) }
    package func info(_ message: @autoclosure () -> String) { write(.info, message) }
    package func debug(_ message: @autoclosure () -> String) { write(.debug, message) }

    private func write(_ level: Level, _ message: () -> String) {
        guard level.rawValue <= threshold.number.load(ordering: .relaxed) else { return }
        let prefix = isJournal ? "<\(level.rawValue)>" : "\(Self.time(WallClock().now())) \(level): "
        var text = ""
        for line in message().split(separator: "\n") { text += "\(prefix)\(line)\n" }
        // One write, so that lines of several threads do not mix.
        text.withUTF8 { bytes in _ = Glibc.write(2, bytes.baseAddress, bytes.count) }
    }

    private static func time(_ instant: Timestamp) -> String {
        let second = instant.milliseconds / 1000
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let ofDay = second % 86_400
        return
            "\(DayKey(daysSinceEpoch: second / 86_400))T\(two(ofDay / 3600)):\(two(ofDay / 60 % 60)):\(two(ofDay % 60))Z"
    }
}

/// The least important level that is written.
private final class Threshold: Sendable {
    let number: Atomic<Int>

    init(_ level: Log.Level) { number = Atomic(level.rawValue) }
}
