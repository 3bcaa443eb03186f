import Domain
import Glibc
import Synchronization

/// The daemon's log: entries with fields for journald, and lines with the time on stderr for everyone else.
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
    private let journal: Journal?
    /// What every entry is about.
    private var subject: [(name: String, value: String)] = []

    /// - Parameter environment: says whether journald reads stderr.
    package init(threshold: Level, environment: [String: String]) {
        self.init(threshold: threshold, journal: Journal.readsStandardError(environment) ? Journal() : nil)
    }

    /// - Parameter journal: nil for stderr.
    init(threshold: Level, journal: Journal? = nil) {
        self.threshold = Threshold(threshold)
        self.journal = journal
    }

    /// From now on, for everyone who has this log.
    func setThreshold(_ level: Level) { threshold.number.store(level.rawValue, ordering: .relaxed) }

    /// This log with fields: the text of a message names its subject for people, the fields for programs.
    func about(job: JobID? = nil, queue: QueueName? = nil, role: EngineRole? = nil) -> Log {
        var log = self
        if let job { log.subject.append(("LONDI_JOB_ID", job.description)) }
        if let queue { log.subject.append(("LONDI_QUEUE", queue.text)) }
        if let role { log.subject.append(("LONDI_ROLE", role.rawValue)) }
        return log
    }

    package func error(_ message: @autoclosure () -> String) { write(.error, nil, message) }
    package func warning(_ message: @autoclosure () -> String) { write(.warning, nil, message) }
    package func notice(_ message: @autoclosure () -> String) { write(.notice, nil, message) }
    package func info(_ message: @autoclosure () -> String) { write(.info, nil, message) }
    package func debug(_ message: @autoclosure () -> String) { write(.debug, nil, message) }

    /// An entry that programs find by its `MESSAGE_ID`.
    func tell(_ event: LogEvent, _ level: Level, _ message: @autoclosure () -> String) { write(level, event, message) }

    private func write(_ level: Level, _ event: LogEvent?, _ message: () -> String) {
        guard level.rawValue <= threshold.number.load(ordering: .relaxed) else { return }
        let message = message()
        // An entry without fields goes to stderr, which journald reads too: whose it is stays known there even where londid
        // ends with it.
        if let journal, event != nil || !subject.isEmpty {
            var fields = [
                ("MESSAGE", message), ("PRIORITY", "\(level.rawValue)"), ("SYSLOG_IDENTIFIER", "londid"),
            ]
            if let event { fields.append(("MESSAGE_ID", event.rawValue)) }
            if journal.send(fields + subject) { return }
        }
        // journald takes the priority in front.
        let prefix = journal == nil ? "\(Self.time(WallClock().now())) \(level): " : "<\(level.rawValue)>"
        var text = Self.lines(of: message, prefix: prefix)
        // One write, so that lines of several threads do not mix.
        text.withUTF8 { bytes in _ = Glibc.write(2, bytes.baseAddress, bytes.count) }
    }

    /// Each line of a message behind the prefix: none can pass for an entry of its own.
    static func lines(of message: String, prefix: String) -> String {
        message.lines.filter { !$0.isEmpty }.map { "\(prefix)\($0)\n" }.joined()
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
