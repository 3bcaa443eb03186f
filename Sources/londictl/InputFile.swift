import Glibc

/// A file of the user's, or stdin, read as lines in pieces: no file is too large.
struct InputFile: ~Copyable {
    /// The longest line; a longer one would not fit into a message to the daemon.
    static let lineLimit = 8 * 1024 * 1024
    /// A byte order mark and a carriage return, which are no part of a line.
    private static let marks = 4

    private let descriptor: Int32
    private let path: String
    private let readInput: (@Sendable () throws(CommandError) -> [UInt8])?
    private var buffer: [UInt8] = []
    private var start = 0
    /// No line ends between `start` and here.
    private var searched = 0
    private var isAtEnd = false
    private(set) var lineNumber = 0
    /// Bytes read so far, and of the whole file; nil where that is not known, as of a pipe.
    private(set) var byteCount = 0
    private(set) var size: Int?

    /// - Parameter path: `-` is stdin, as `console` reads it.
    init(path: String, console: Console) throws(CommandError) {
        self.path = path == "-" ? "stdin" : path
        readInput = path == "-" ? console.readInput : nil
        guard path != "-" else {
            descriptor = -1
            return
        }
        descriptor = FileName(path).withPath { open($0, O_RDONLY | O_CLOEXEC) }
        guard descriptor >= 0 else { throw .file(path: path, reason: String(cString: strerror(errno))) }
        var status = stat()
        if fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG { size = Int(status.st_size) }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The next line without its newline and the carriage return before it, nil after the last: the same lines are the
    /// same batch, whichever system wrote the file.
    mutating func next() throws(CommandError) -> String? {
        while true {
            if let end = lineEnd() {
                defer {
                    start = end + 1
                    searched = start
                }
                return try text(buffer[start..<end])
            }
            if isAtEnd {
                guard start < buffer.count else { return nil }
                defer { start = buffer.count }
                return try text(buffer[start...])
            }
            guard buffer.count - start <= Self.lineLimit + Self.marks else { throw tooLong(lineNumber + 1) }
            buffer.removeFirst(start)
            searched = buffer.count
            start = 0
            let more = if let readInput { try readInput() } else { try Self.read(descriptor, path: path) }
            isAtEnd = more.isEmpty
            byteCount += more.count
            buffer += more
        }
    }

    private func lineEnd() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard searched < bytes.count, let base = bytes.baseAddress,
                let hit = memchr(base + searched, 0x0a, bytes.count - searched)
            else { return nil }
            return hit - UnsafeMutableRawPointer(mutating: base)
        }
    }

    private mutating func text(_ bytes: ArraySlice<UInt8>) throws(CommandError) -> String {
        lineNumber += 1
        // Some editors begin a file with a byte order mark.
        var bytes = lineNumber == 1 && bytes.starts(with: [0xef, 0xbb, 0xbf]) ? bytes.dropFirst(3) : bytes
        if bytes.last == 0x0d { bytes.removeLast() }
        // Also where its end came with the last bytes that were read: how reads fall must not matter.
        guard bytes.count <= Self.lineLimit else { throw tooLong(lineNumber) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .file(path: path, reason: "line \(lineNumber) is not UTF-8; convert the file with iconv")
        }
        return text
    }

    private func tooLong(_ line: Int) -> CommandError {
        .file(path: path, reason: "line \(line) is longer than \(Self.lineLimit) bytes")
    }

    /// The next bytes, empty at the end.
    static func read(_ descriptor: Int32, path: String) throws(CommandError) -> [UInt8] {
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: 262_144) { buffer, count in
                let result = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                failure = result < 0 ? errno : 0
                count = max(0, result)
            }
            if failure == EINTR || failure == EAGAIN && WholeWrite.wait(for: Int16(POLLIN), on: descriptor) { continue }
            guard failure == 0 else { throw .file(path: path, reason: String(cString: strerror(failure))) }
            return bytes
        }
    }
}
