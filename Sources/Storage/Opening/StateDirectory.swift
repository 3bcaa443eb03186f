internal import Domain
internal import Glibc

/// The words of an errno.
func errorText(_ number: Int32) -> String { String(cString: strerror(number)) }

/// The directory that holds everything londid keeps, locked for one process as long as this object lives.
final class StateDirectory {
    let path: String
    /// The database. Its write-ahead log and shared memory lie beside it, with its permissions.
    var databasePath: String { "\(path)/state.sqlite" }

    private let lock: Int32

    /// Makes the directory (mode 0700) and the database file (0600, empty) where they are missing, and takes the lock.
    init(path: String) throws(StorageError) {
        let isNew = mkdir(path, 0o700) == 0
        if !isNew, errno != EEXIST {
            throw .directory(path: path, operation: "make the state directory", errno: errno)
        }
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw .directory(path: path, operation: "look at the state directory", errno: errno)
        }
        guard status.st_mode & 0o022 == 0 else {
            throw .insecureDirectory(path: path, mode: status.st_mode & 0o7777)
        }
        lock = try StateDirectory.lock("\(path)/lock", directory: path)
        self.path = path
        if isNew { try StateDirectory.synchronize("\(path)/..") }
        try tidy()
        try requireNoLoss()
        guard !StateDirectory.exists(databasePath) else { return }
        try StateDirectory.createPrivateFile(databasePath)
        try StateDirectory.synchronize(path)
    }

    deinit { close(lock) }

    /// A database that is missing or empty is a new one only where nothing beside it tells of another: SQLite would throw
    /// a log away that has no database.
    private func requireNoLoss() throws(StorageError) {
        guard StateDirectory.size(databasePath) == 0 else { return }
        let rests = try names().filter {
            ($0 == "state.sqlite-wal" || $0.begins(with: "state.sqlite.before-"))
                && StateDirectory.size("\(path)/\($0)") > 0
        }
        guard let rest = rests.min() else { return }
        throw .corrupt(
            path: databasePath,
            reason: "it is \(StateDirectory.exists(databasePath) ? "empty" : "missing"), and \(rest) beside it tells of"
                + " another one; a database that was moved away belongs back with its log")
    }

    /// In bytes; 0 for a file that there is not.
    private static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Makes an empty file that only its owner can read, where there is none: SQLite's own would be readable to all.
    /// - Parameter replacing: an existing file is one that a crash left unfinished, and is emptied.
    static func createPrivateFile(_ path: String, replacing: Bool = false) throws(StorageError) {
        // An existing database is never opened here: closing any descriptor of it would drop SQLite's locks on it.
        guard replacing || !exists(path) else { return }
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .directory(path: path, operation: "create", errno: errno) }
        close(descriptor)
    }

    /// Gives a finished file its name, on the disk before this returns.
    func rename(_ partial: String, to name: String) throws(StorageError) {
        try StateDirectory.synchronize(partial)
        guard Glibc.rename(partial, name) == 0 else {
            throw .directory(path: name, operation: "rename a file to", errno: errno)
        }
        try StateDirectory.synchronize(path)
    }

    /// Brings a file's content, or a directory's names, to the disk.
    static func synchronize(_ path: String) throws(StorageError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .directory(path: path, operation: "open", errno: errno) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .directory(path: path, operation: "sync", errno: errno) }
    }

    /// The kernel drops the lock with the process, however that ends, so no stale lock exists. But a child that was
    /// being started when its londid was killed holds the lock until it executes its program: that is waited for.
    private static func lock(_ path: String, directory: String) throws(StorageError) -> Int32 {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .directory(path: path, operation: "open the lock file", errno: errno) }
        var attempts = 100
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let reason = errno
            attempts -= 1
            if attempts > 0, reason == EWOULDBLOCK || reason == EINTR {
                usleep(10_000)
                continue
            }
            defer { close(descriptor) }
            guard reason == EWOULDBLOCK else { throw .directory(path: path, operation: "lock", errno: reason) }
            throw .inUse(path: directory, processID: holder(descriptor))
        }
        // The process id is for people only, so a full disk does not keep londid from starting.
        let text = "\(getpid())\n"
        if ftruncate(descriptor, 0) == 0 { _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) } }
        return descriptor
    }

    private static func holder(_ descriptor: Int32) -> Int32? {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return nil }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
    }
}
