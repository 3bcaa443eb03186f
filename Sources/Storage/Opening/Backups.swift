internal import Blocking
internal import Glibc
internal import SQLite

/// Makes consistent copies of the state while everything goes on, on a connection and a thread of their own: the writer
/// never waits. One copy at a time.
package actor Backups {
    private let store: Store
    private var count = 0
    private let executor = BlockingExecutor(label: "londi.storage.backup")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    package init(store: Store) { self.store = store }

    /// The state as of now, as one file that has no name any more: it goes with its last reference. It needs as much room
    /// beside the state as the state has.
    /// - Throws: `.diskFull` where there is no such room; nothing is left behind.
    package func make() throws(StorageError) -> BackupFile {
        let path = "\(store.directory)/state.sqlite"
        var (status, room) = (stat(), statvfs())
        guard stat(path, &status) == 0, statvfs(store.directory, &room) == 0 else {
            throw .directory(path: path, operation: "measure", errno: errno)
        }
        guard UInt64(room.f_bavail) * UInt64(room.f_frsize) > UInt64(max(0, status.st_size)) + Self.reserveBytes else {
            throw .diskFull(path: store.directory)
        }
        count += 1
        let copy = "\(store.directory)/\(StateDirectory.backupPrefix)\(count)"
        try StateDirectory.createPrivateFile(copy, replacing: true)
        defer {
            for name in [copy, "\(copy)-journal"] { unlink(name) }
        }
        // Not told to the store's health: a copy that fails harms nobody.
        try Database(path: path, mode: .readOnly).run("VACUUM INTO ?", copy)
        return try BackupFile(path: copy)
    }

    /// Left free for the jobs that run meanwhile.
    private static let reserveBytes: UInt64 = 16 * 1024 * 1024
}

/// A finished copy, to be read from its start to its end.
package final class BackupFile: Sendable {
    package let byteCount: Int64
    private let path: String
    private let descriptor: Int32

    fileprivate init(path: String) throws(StorageError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        self.path = path
        guard descriptor >= 0 else { throw .directory(path: path, operation: "open", errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .directory(path: path, operation: "measure", errno: errno)
        }
        byteCount = Int64(status.st_size)
    }

    deinit { close(descriptor) }

    /// At most so many bytes from an offset; empty at the end.
    package func read(at offset: Int64, count: Int) throws(StorageError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let result = pread(descriptor, buffer.baseAddress, count, off_t(offset))
            failure = result < 0 ? errno : 0
            filled = max(0, result)
        }
        guard failure == 0 else { throw .fault(path: path, reason: errorText(failure)) }
        return bytes
    }
}
