import Glibc

/// What Ctrl-C prints before londictl ends with 130: how to come back.
enum InterruptNotice {
    // Set before the work that it speaks of; read by a signal handler, which may not allocate.
    nonisolated(unsafe) private static let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 512)
    nonisolated(unsafe) private static var count = 0

    /// Makes SIGINT and SIGTERM end the process with 130 after the notice.
    static func install() {
        signal(SIGINT, handler)
        signal(SIGTERM, handler)
    }

    /// Replaces the notice: at most 512 bytes are kept.
    static func set(_ text: String) {
        count = 0
        for (index, byte) in text.utf8.prefix(512).enumerated() { bytes[index] = byte }
        count = min(512, text.utf8.count)
    }

    private static let handler: @convention(c) (Int32) -> Void = { _ in
        _ = Glibc.write(STDERR_FILENO, bytes, count)
        _exit(ExitCode.interrupted.rawValue)
    }
}
