internal import Domain
internal import Glibc

/// The words of an errno.
func errorText(_ number: Int32) -> String { String(cString: strerror(number)) }

/// The directory that holds everything londid keeps, locked for one process as long as this object lives.
final class StateDirectory {
    let path: String
    /// The database. Its write-ahead log and shared memory lie beside it, with its permissions.
    var databasePath: String { "\(path)/state.sqlite" }

    /// The newest mark of the database.
    var notePath: String { "\(path)/state.seal" }

    /// What a directory is opened for.
    enum Purpose {
        /// To run on the state: what is missing is made, unless something tells that it was lost.
        case use
        /// To put another state in its place.
        case replacement
        /// To run on a database of another file system of SQLite's, of which nothing in the directory tells.
        case otherFileSystem
    }

    private let lock: Int32

    /// Makes the directory (mode 0700) where it is missing, takes the lock, and for `.use` makes the database file (0600,
    /// empty) where it is missing.
    init(path: String, for purpose: Purpose = .use) throws(StorageError) {
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
        let wasOpened: Bool
        (lock, wasOpened) = try StateDirectory.lock("\(path)/lock", directory: path)
        self.path = path
        if isNew { try StateDirectory.synchronize("\(path)/..") }
        try tidy()
        guard purpose != .replacement else { return }
        if purpose == .use {
            for path in [databasePath, "\(databasePath)-wal"] { try StateDirectory.requireOneName(path) }
            try requireNoLoss(wasOpened: wasOpened)
        }
        guard !StateDirectory.exists(databasePath) else { return }
        try StateDirectory.createPrivateFile(databasePath)
        try StateDirectory.synchronize(path)
    }

    deinit { close(lock) }

    /// Says in the lock file that the directory has a state: from here on one that is missing was lost.
    func noteOpened() { StateDirectory.write("\(getpid())\n", to: lock) }

    /// What begins the names of files that only a former state leaves.
    private static let traces = ["state.sqlite.before-", "state.sqlite.rescued-", "state.sqlite-wal"]

    /// A database that is missing or empty is a new one only where nothing beside it tells of another: SQLite would throw
    /// a log away that has no database.
    private func requireNoLoss(wasOpened: Bool) throws(StorageError) {
        guard StateDirectory.size(databasePath) == 0 else { return }
        let traces = try names().filter { name in
            StateDirectory.traces.contains { name.begins(with: $0) } && StateDirectory.size("\(path)/\(name)") > 0
        }
        let note = try StateNote.read(notePath) == nil ? nil : "state.seal"
        guard let trace = traces.min() ?? note ?? (wasOpened ? "lock" : nil) else { return }
        throw .lost(
            path: databasePath,
            reason: "is \(StateDirectory.exists(databasePath) ? "empty" : "missing"), and \(trace) beside it tells of "
                + "another one")
    }

    /// The log follows the name of its database, so under two names two londids would write into one file.
    private static func requireOneName(_ path: String) throws(StorageError) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            if errno == ENOENT { return }
            throw .directory(path: path, operation: "look at", errno: errno)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .linked(
                path: path, reason: "is a symbolic link or no file at all",
                remedy: "put the file itself there, or name its directory with StateDirectory= in londid.conf")
        }
        guard status.st_nlink == 1 else {
            throw .linked(
                path: path, reason: "has \(status.st_nlink) names, so a second londid could run on it under another",
                remedy: "remove the others, which find MOUNTPOINT -xdev -samefile \(path) lists, or give it a file of "
                    + "its own: cp -p \(path) \(path).copy && mv \(path).copy \(path)")
        }
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
    /// - Returns: also whether a londid before this one has opened a state here.
    private static func lock(
        _ path: String, directory: String
    ) throws(StorageError) -> (descriptor: Int32, wasOpened: Bool) {
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
            throw .inUse(
                path: directory, processID: Int32(String(content(descriptor).unicodeScalars.prefix(while: \.isDigit))))
        }
        let before = content(descriptor)
        let wasOpened = !before.isEmpty && !before.contains(opening)
        write(wasOpened ? "\(getpid())\n" : "\(getpid()) \(opening)\n", to: descriptor)
        return (descriptor, wasOpened)
    }

    /// Follows the process id until there is a state.
    private static let opening = "opening"

    /// For people, and for a start that misses the state: so a full disk does not keep londid from starting.
    private static func write(_ text: String, to descriptor: Int32) {
        if ftruncate(descriptor, 0) == 0 { _ = text.withCString { pwrite(descriptor, $0, strlen($0), 0) } }
    }

    private static func content(_ descriptor: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        return String(decoding: bytes[..<max(0, count)], as: UTF8.self)
    }
}
