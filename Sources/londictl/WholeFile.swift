import Glibc

/// A file of the user's that appears whole or not at all: written beside its place, made durable, then moved there. What is
/// there stays until then, and for ever where the writing is left off.
struct WholeFile: ~Copyable {
    private let path: String
    private let partialPath: String
    private let descriptor: Int32
    private var isFinished = false

    init(path: String) throws(CommandError) {
        self.path = path
        partialPath = "\(path).partial-\(getpid())"
        descriptor = open(partialPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.failure(partialPath) }
    }

    deinit {
        close(descriptor)
        if !isFinished { unlink(partialPath) }
    }

    func write(_ text: String) throws(CommandError) {
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.failure(path) }
            written += count
        }
    }

    /// Puts the file in its place.
    mutating func finish() throws(CommandError) {
        guard fsync(descriptor) == 0, rename(partialPath, path) == 0 else { throw Self.failure(path) }
        isFinished = true
    }

    private static func failure(_ path: String) -> CommandError {
        .file(path: path, reason: String(cString: strerror(errno)))
    }
}
