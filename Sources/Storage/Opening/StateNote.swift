internal import Glibc

/// The newest mark of a state in a small file beside it, so that a database or a log that was put back or deleted is found
/// out.
///
/// A mark is written after its commit is durable and before anybody is told of it, in place and without a sync of its own.
/// So after `kill -9`, which leaves the page cache, the note has every acknowledged commit. After a power cut it is as old as
/// the last sync (one with each checkpoint) or the kernel's own writing back, and never newer than the database.
/// Marks alternate between two pages: a write that a power cut tears leaves the other.
///
/// A note that cannot be written stops nobody: the commit is durable. `fault` says so.
final class StateNote {
    private static let pageLength = 4_096
    private static let pageCount = 2

    /// Why the last write came to nothing; nil where it did not.
    private(set) var fault: String?

    private let path: String
    private let directory: String
    private var descriptor: Int32 = -1
    private var page = 0

    /// Writes nothing yet.
    init(path: String, directory: String) {
        self.path = path
        self.directory = directory
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The newest mark in the file; nil where there is no file, or none in it is whole.
    /// - Throws: where the file cannot be read.
    static func read(_ path: String) throws(StorageError) -> StateMark? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw .directory(path: path, operation: "open", errno: errno)
        }
        defer { close(descriptor) }
        return marks(in: descriptor).compactMap(\.self).max { $0.isBefore($1) }
    }

    private static func marks(in descriptor: Int32) -> [StateMark?] {
        (0..<pageCount).map { page in
            var bytes = [UInt8](repeating: 0, count: pageLength)
            let count = pread(descriptor, &bytes, pageLength, off_t(page * pageLength))
            return count > 0 ? StateMark(text: String(decoding: bytes[..<count], as: UTF8.self)) : nil
        }
    }

    /// Notes the mark of a durable commit, over the older of the two.
    func write(_ mark: StateMark) {
        let isNew = descriptor < 0
        guard !isNew || begin() else { return }
        var bytes = Array(mark.text.utf8)
        // Whole pages from the start, so that later marks need no room.
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: Self.pageLength - bytes.count)
        let count = pwrite(descriptor, bytes, bytes.count, off_t(page * Self.pageLength))
        guard count == bytes.count else {
            fault = count < 0 ? errorText(errno) : "only \(count) of \(bytes.count) bytes could be written"
            return
        }
        fault = nil
        page = (page + 1) % Self.pageCount
        if isNew { synchronize() }
    }

    /// Brings what was noted to the disk.
    func synchronize() {
        guard descriptor >= 0 else { return }
        if fdatasync(descriptor) != 0 { fault = errorText(errno) }
    }

    /// Opens the file, or makes it with both pages. False where that fails.
    private func begin() -> Bool {
        let isNew = !StateDirectory.exists(path)
        let opened = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard opened >= 0 else {
            fault = errorText(errno)
            return false
        }
        let marks = Self.marks(in: opened)
        // What is kept is the newest mark.
        page = marks[0].map { first in marks[1].map { $0.isBefore(first) } ?? true } ?? false ? 1 : 0
        descriptor = opened
        if isNew {
            do throws(StorageError) { try StateDirectory.synchronize(directory) } catch { fault = error.description }
        }
        return true
    }
}
