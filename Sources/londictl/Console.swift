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
    /// Of stderr, if that is a terminal; nil: as stdout.
    var messageWidth: Int?
    /// stdout is a terminal that can be drawn over.
    var movesCursor = false
    /// What stdout shows in colour.
    var paint = Paint()
    var now: @Sendable () -> Timestamp
    /// The next bytes of stdin, empty at its end.
    var readInput: @Sendable () throws(CommandError) -> [UInt8]

    /// In which progress is drawn.
    var progressWidth: Int { messageWidth ?? width }

    /// Somebody can be asked: stdin and stderr are a terminal.
    var canAsk = false
    /// The line that was typed as an answer, without its newline; nil at the end of stdin.
    var readAnswer: @Sendable () -> String? = { nil }

    /// The process's own streams.
    static func standard(_ environment: [String: String]) -> Console {
        let isTerminal = isatty(STDOUT_FILENO) == 1
        let isDumb = environment["TERM"] == "dumb"
        return Console(
            write: put, complain: tell, isTerminal: isTerminal, drawsProgress: !isDumb && isatty(STDERR_FILENO) == 1,
            width: width(of: STDOUT_FILENO) ?? 80, messageWidth: width(of: STDERR_FILENO),
            movesCursor: isTerminal && !isDumb,
            paint: Paint(isTerminal: isTerminal, environment: environment), now: clock,
            readInput: { () throws(CommandError) in try InputFile.read(STDIN_FILENO, path: "stdin") },
            canAsk: isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1, readAnswer: { readLine() })
    }

    /// The environment as a dictionary.
    static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).parts(at: "=", most: 2, omittingEmpty: false)
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

    /// Cells in a row of a terminal; nil for anything else.
    private static func width(of descriptor: Int32) -> Int? {
        var size = winsize()
        return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : nil
    }

    /// Data that cannot be written ends the process, with the reason on stderr.
    private static func put(_ text: String) {
        let failure = write(text, STDOUT_FILENO)
        guard failure != 0 else { return }
        complainOfOutput(failure)
        exit(ExitCode.error.rawValue)
    }

    /// A message that cannot be written is no reason to leave the work undone.
    private static func tell(_ text: String) { _ = write(text, STDERR_FILENO) }

    private static func write(_ text: String, _ descriptor: Int32) -> Int32 {
        var text = text
        return text.withUTF8 { WholeWrite.write(UnsafeRawBufferPointer($0), to: descriptor) }
    }

    /// Nobody reads a closed pipe: that needs no word.
    private static func complainOfOutput(_ failure: Int32) {
        guard failure != EPIPE else { return }
        tell("londictl: cannot write to standard output: \(String(cString: strerror(failure)))\n")
    }

    /// Ends stdout. Some file systems say only then that they had no room.
    /// - Returns: false where what was written may be lost.
    static func close() -> Bool {
        guard Glibc.close(STDOUT_FILENO) != 0, errno != EBADF else { return true }
        complainOfOutput(errno)
        return false
    }
}
