import Glibc

/// What Ctrl-C prints before londictl ends with 130: how to come back.
enum InterruptNotice {
    // Set before the work that it speaks of; read by a signal handler, which may not allocate.
    nonisolated(unsafe) private static let bytes = UnsafeMutablePointer<UInt8>.allocate(capacity: 512)
    nonisolated(unsafe) private static var count = 0
    /// Half-written files: a command has no more at a time.
    private static let mostFiles = 4
    nonisolated(unsafe) private static let files = {
        let files = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: mostFiles)
        files.initialize(repeating: nil, count: mostFiles)
        return files
    }()

    /// Makes SIGINT and SIGTERM end the process with 130 after the notice.
    static func install() {
        // Made here, since the handler may not.
        _ = (bytes, files)
        signal(SIGINT, handler)
        signal(SIGTERM, handler)
    }

    /// Replaces the notice: at most 512 bytes are kept.
    static func set(_ text: String) {
        count = 0
        for (index, byte) in text.utf8.prefix(512).enumerated() { bytes[index] = byte }
        count = min(512, text.utf8.count)
    }

    /// Makes an interrupt remove the half-written file of that name.
    static func removes(_ name: FileName) {
        for slot in 0..<mostFiles where files[slot] == nil {
            files[slot] = name.withPath { strdup($0) }
            return
        }
    }

    /// An interrupt leaves what has that name alone. Its copy is not freed: the handler may be reading it.
    static func keeps(_ name: FileName) {
        for slot in 0..<mostFiles {
            if let file = files[slot], name.withPath({ strcmp(file, $0) }) == 0 { files[slot] = nil }
        }
    }

    private static let handler: @convention(c) (Int32) -> Void = { _ in
        for slot in 0..<mostFiles {
            if let file = files[slot] { unlink(file) }
        }
        _ = Glibc.write(STDERR_FILENO, bytes, count)
        _exit(ExitCode.interrupted.rawValue)
    }
}
