internal import Domain
internal import Glibc

extension StateDirectory {
    static let backupPrefix = "backup.partial-"
    static let restoringSuffix = ".restoring"
    static let restoredSuffix = ".restored-"
    static let beforeRestoreSuffix = ".before-restore-"
    private static let mostRestores = 10_000

    /// Removes what backups and restores that were cut off have left unfinished, and finishes a restore that was decided.
    func tidy() throws(StorageError) {
        for name in try names()
        where name.begins(with: StateDirectory.backupPrefix)
            || name.begins(with: "state.sqlite\(StateDirectory.restoringSuffix)")
        {
            guard unlink("\(path)/\(name)") == 0 else {
                throw .directory(path: "\(path)/\(name)", operation: "remove", errno: errno)
            }
        }
        try finishRestore()
    }

    /// The lowest number that no restore has used.
    func freeRestoreNumber() -> Int {
        let used = [StateDirectory.beforeRestoreSuffix, StateDirectory.restoredSuffix]
        return (1...StateDirectory.mostRestores).first { number in
            !used.contains { suffix in
                ["", "-wal", "-shm", "-seal"].contains {
                    StateDirectory.exists("\(databasePath)\(suffix)\(number)\($0)")
                }
            }
        } ?? StateDirectory.mostRestores
    }

    /// Moves the present state aside and the restored one into its place, from wherever an earlier try was cut off.
    func finishRestore() throws(StorageError) {
        let prefix = "state.sqlite\(StateDirectory.restoredSuffix)"
        let numbers = try names().compactMap { $0.behind(prefix) }
        guard let number = numbers.first(where: { Int($0) != nil }) else { return }
        let name = prefix + number
        let previous = "\(databasePath)\(StateDirectory.beforeRestoreSuffix)\(number)"
        // The log follows its database: alone in its place it would be taken for the restored one's.
        for suffix in ["", "-wal", "-shm"] { try move(databasePath + suffix, to: previous + suffix) }
        // Its note says how far it had come; the restored one may be older.
        try move(notePath, to: "\(previous)-seal")
        try StateDirectory.synchronize(path)
        try rename("\(path)/\(name)", to: databasePath)
    }

    private func move(_ file: String, to name: String) throws(StorageError) {
        guard StateDirectory.exists(file) else { return }
        guard Glibc.rename(file, name) == 0 else { throw .directory(path: file, operation: "move", errno: errno) }
    }

    func names() throws(StorageError) -> [String] {
        guard let stream = opendir(path) else { throw .directory(path: path, operation: "list", errno: errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }

    /// Copies a file into a private new one, on the disk before this returns.
    static func copy(_ original: String, to copy: String) throws(StorageError) {
        let source = open(original, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw .directory(path: original, operation: "open", errno: errno) }
        defer { close(source) }
        let target = open(copy, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard target >= 0 else { throw .directory(path: copy, operation: "create", errno: errno) }
        defer { close(target) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(source, &buffer, buffer.count)
            guard count >= 0 else { throw .directory(path: original, operation: "read", errno: errno) }
            if count == 0 { break }
            var written = 0
            while written < count {
                let result = buffer.withUnsafeBytes {
                    write(target, $0.baseAddress.map { $0 + written }, count - written)
                }
                guard result > 0 else {
                    if errno == ENOSPC { throw .diskFull(path: copy) }
                    throw .directory(path: copy, operation: "write", errno: errno)
                }
                written += result
            }
        }
        guard fsync(target) == 0 else { throw .directory(path: copy, operation: "sync", errno: errno) }
    }
}
