import Glibc

/// A file of the user's that appears whole or not at all: written beside its place, made durable, then moved there. What is
/// there stays until then, and for ever where the writing is left off. One that is followed is moved to its place empty,
/// and grows there.
final class WholeFile {
    private let path: String
    private let partialPath: String
    private let descriptor: Int32
    private var isInPlace = false

    /// - Parameter mode: who may read it, before the process's umask.
    init(path: String, mode: mode_t = 0o666) throws(CommandError) {
        self.path = path
        partialPath = "\(path).partial-\(getpid())"
        descriptor = open(partialPath, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        // The name beside it is nobody's concern, unless it is that which is taken.
        guard descriptor >= 0 else { throw Self.failure(errno == EEXIST ? partialPath : path) }
        InterruptNotice.removes(partialPath)
    }

    deinit {
        close(descriptor)
        guard !isInPlace else { return }
        unlink(partialPath)
        InterruptNotice.keeps(partialPath)
    }

    func write(_ text: String) throws(CommandError) { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws(CommandError) {
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

    /// Puts the file in its place, with content and name on the disk before this returns. What is written later is brought
    /// to the disk by another call.
    func save() throws(CommandError) {
        guard fsync(descriptor) == 0 else { throw Self.failure(path) }
        guard !isInPlace else { return }
        guard rename(partialPath, path) == 0 else { throw Self.failure(path) }
        isInPlace = true
        InterruptNotice.keeps(partialPath)
        let name = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let directory = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { throw Self.failure(name) }
        defer { close(directory) }
        guard fsync(directory) == 0 else { throw Self.failure(name) }
    }

    private static func failure(_ path: String) -> CommandError {
        .file(path: path, reason: String(cString: strerror(errno)))
    }
}
