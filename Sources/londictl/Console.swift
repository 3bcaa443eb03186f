import Domain
import Glibc

/// Where londictl writes and what it may assume about whoever reads.
struct Console: Sendable {
    /// How long a person in the middle of a line waits for the daemon.
    var patience = Duration.seconds(3)
    /// Data, to stdout.
    var write: @Sendable (String) -> Void
    /// Messages, to stderr.
    var complain: @Sendable (String) -> Void
    /// Of stdout.
    var isTerminal: Bool
    /// Of stderr: there the progress of long work is drawn.
    var drawsProgress: Bool
    var width: Int
    /// What stdout shows in colour.
    var paint = Paint()
    var now: @Sendable () -> Timestamp
    /// The next bytes of stdin, empty at its end.
    var readInput: @Sendable () throws(CommandError) -> [UInt8]

    /// Somebody can be asked: stdin and stderr are a terminal.
    var canAsk = false
    /// The line that was typed as an answer, without its newline; nil at the end of stdin.
    var readAnswer: @Sendable () -> String? = { nil }

    /// The process's own streams.
    static func standard(_ environment: [String: String]) -> Console {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        var size = winsize()
        let isSized = ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        return Console(
            write: { put($0, STDOUT_FILENO) }, complain: { put($0, STDERR_FILENO) },
            isTerminal: isTerminal, drawsProgress: isatty(STDERR_FILENO) == 1,
            width: isSized ? Int(size.ws_col) : 80,
            paint: Paint(isTerminal: isTerminal, environment: environment), now: clock,
            readInput: { () throws(CommandError) in try InputFile.read(STDIN_FILENO, path: "stdin") },
            canAsk: isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1, readAnswer: { readLine() })
    }

    /// The environment as a dictionary.
    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2 { variables[String(parts[0])] = String(parts[1]) }
            entry += 1
        }
        return variables
    }

    private static func clock() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    private static func put(_ text: String, _ descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let result = Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                if result < 0, errno == EINTR { continue }
                // A closed pipe ends the process by SIGPIPE; nothing else can be said to a broken output.
                guard result > 0 else { exit(ExitCode.error.rawValue) }
                written += result
            }
        }
    }
}
