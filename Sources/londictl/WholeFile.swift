import Domain
import Glibc

/// An output of the user's choice. A regular file appears whole or not at all: it is written beside its place, made
/// durable, then moved there. What is there stays until then, and for ever if the writing is left off. One that is
/// followed is moved to its place empty, and grows there.
///
/// Symbolic links are followed: they stay, and what they name is replaced, with its mode kept. A device, a FIFO or an open
/// descriptor (`/dev/stdout`, `>(COMMAND)`) is written into.
final class WholeFile {
    private let name: FileName
    private let descriptor: Int32
    /// Where a regular file is written, and the place that it is moved to; nil for what is written into.
    private let move: (partial: FileName, place: FileName)?
    private var isInPlace = false

    /// - Parameters:
    ///   - path: as the command line has it.
    ///   - mode: who may read a new file, before the process's umask.
    init(path: String, mode: mode_t = 0o666) throws(CommandError) {
        name = FileName(path)
        let destination = try Destination(name)
        switch destination {
        case .open(let number):
            descriptor = fcntl(number, F_DUPFD_CLOEXEC, 0)
            move = nil
            guard descriptor >= 0 else { throw Self.failure(name) }
        case .special:
            descriptor = name.withPath { Glibc.open($0, O_WRONLY | O_CLOEXEC | O_NOCTTY) }
            move = nil
            guard descriptor >= 0 else { throw Self.failure(name) }
        case .regular(let place, let old):
            let kept = old.map { $0.st_mode & 0o777 }
            let partial = place.appending(".partial-\(getpid())")
            descriptor = partial.withPath { Glibc.open($0, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kept ?? mode) }
            guard descriptor >= 0 else { throw Self.refusal(name, partial) }
            if let old, let kept {
                // Only root may give a file to another.
                if old.st_uid != geteuid() || old.st_gid != getegid() { _ = fchown(descriptor, old.st_uid, old.st_gid) }
                fchmod(descriptor, kept)
            }
            move = (partial, place)
            InterruptNotice.removes(partial)
        }
    }

    /// Whether writing there would replace a file.
    static func replaces(_ path: String) throws(CommandError) -> Bool {
        if case .regular(_, .some) = try Destination(FileName(path)) { true } else { false }
    }

    deinit {
        close(descriptor)
        guard let move, !isInPlace else { return }
        _ = move.partial.withPath { unlink($0) }
        InterruptNotice.keeps(move.partial)
    }

    func write(_ text: String) throws(CommandError) { try write(Array(text.utf8)) }

    func write(_ bytes: [UInt8]) throws(CommandError) {
        let failure = bytes.withUnsafeBytes { WholeWrite.write($0, to: descriptor) }
        guard failure == 0 else { throw Self.failure(name, failure) }
    }

    /// Puts the file in its place, with content and name on the disk before this returns. What is written later is brought
    /// to the disk by another call.
    func save() throws(CommandError) {
        guard let move else { return }
        guard fsync(descriptor) == 0 else { throw Self.failure(name) }
        guard !isInPlace else { return }
        let moved = move.partial.withPath { from in move.place.withPath { rename(from, $0) } }
        guard moved == 0 else { throw Self.failure(name) }
        isInPlace = true
        InterruptNotice.keeps(move.partial)
        let directory = move.place.directory
        let handle = directory.withPath { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard handle >= 0 else { throw Self.failure(directory) }
        defer { close(handle) }
        guard fsync(handle) == 0 else { throw Self.failure(directory) }
    }

    private static func failure(_ name: FileName, _ code: Int32 = errno) -> CommandError {
        .file(path: FileName.argument(name.bytes), reason: String(cString: strerror(code)))
    }

    /// Why nothing can be written beside the place.
    private static func refusal(_ name: FileName, _ partial: FileName) -> CommandError {
        switch errno {
        // The name beside it is nobody's concern, unless it is that which is taken.
        case EEXIST: failure(partial)
        case EACCES, EROFS, EPERM:
            .file(
                path: FileName.argument(name.bytes),
                reason: "no file can be made in its directory (\(String(cString: strerror(errno)))), where it is "
                    + "written before it takes its place; name another, or redirect the standard output")
        default: failure(name)
        }
    }
}

/// What stands at a path that is to be written.
private enum Destination {
    /// A descriptor that this process has open.
    case open(Int32)
    /// A device, FIFO or other process's descriptor, which is opened by its own path.
    case special
    /// A regular file, or none yet, without links on the way; with what it is if it exists.
    case regular(FileName, stat?)

    private static let mostLinks = 40

    init(_ name: FileName) throws(CommandError) {
        var place = name
        for _ in 0..<Self.mostLinks {
            if let descriptor = Self.descriptor(place) {
                self = descriptor
                return
            }
            guard let target = Self.target(of: place) else {
                self = Self.kind(of: place)
                return
            }
            let isAbsolute = target.bytes.first == UInt8(ascii: "/")
            place = isAbsolute ? target : FileName(bytes: place.directory.bytes + target.bytes)
        }
        throw .file(path: FileName.argument(name.bytes), reason: String(cString: strerror(ELOOP)))
    }

    private static func kind(of place: FileName) -> Destination {
        var status = stat()
        guard place.withPath({ stat($0, &status) }) == 0 else { return .regular(place, nil) }
        return status.st_mode & S_IFMT == S_IFREG ? .regular(place, status) : .special
    }

    /// What a path such as /dev/fd/63 is, whose link the kernel does not follow by name; nil for any other.
    private static func descriptor(_ place: FileName) -> Destination? {
        guard let real = place.directory.withPath({ realpath($0, nil) }) else { return nil }
        defer { free(real) }
        let directory = String(cString: real)
        guard directory.begins(with: "/proc/"), directory.ends(with: "/fd"),
            let number = Int32(String(decoding: place.last.bytes, as: UTF8.self))
        else { return nil }
        return directory == "/proc/\(getpid())/fd" ? .open(number) : .special
    }

    /// What a symbolic link holds; nil for anything else.
    private static func target(of place: FileName) -> FileName? {
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = place.withPath { readlink($0, &bytes, bytes.count) }
        return count < 0 ? nil : FileName(bytes: bytes.prefix(count).map { UInt8(bitPattern: $0) })
    }
}
