import Glibc

/// A file of result lines, complete or not there: written beside its place under another name, brought to the disk, and
/// renamed. One that is followed is put in its place empty, and grows there.
final class ResultFile {
    private let path: String
    private let temporaryPath: String
    private let descriptor: Int32
    private var isInPlace = false

    init(path: String) throws(CommandError) {
        self.path = path
        temporaryPath = "\(path).\(getpid()).partial"
        descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .file(path: path, reason: Self.reason(errno)) }
    }

    deinit {
        close(descriptor)
        // What was given up must not be taken for results.
        if !isInPlace { unlink(temporaryPath) }
    }

    func write(_ text: String) throws(CommandError) {
        var text = text
        let failure: Int32 = text.withUTF8 { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return errno }
                written += count
            }
            return 0
        }
        guard failure == 0 else { throw .file(path: path, reason: Self.reason(failure)) }
    }

    /// Brings what was written to the disk, and the file to its place.
    func save() throws(CommandError) {
        guard fsync(descriptor) == 0 else { throw .file(path: path, reason: Self.reason(errno)) }
        guard !isInPlace else { return }
        guard rename(temporaryPath, path) == 0 else { throw .file(path: path, reason: Self.reason(errno)) }
        isInPlace = true
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw .file(path: directory, reason: Self.reason(errno)) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw .file(path: directory, reason: Self.reason(errno)) }
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
