internal import Glibc

/// The files of a state as they were opened, by device and inode: whoever moves, replaces or removes one of them while londid
/// runs leaves it writing into a file that no start will find.
package struct StateWatch: Sendable {
    private struct File: Sendable {
        let path: String
        let device: dev_t
        let inode: ino_t
    }

    private let directory: String
    private let databasePath: String
    private let files: [File]

    /// - Parameter needed: those of `names` that must be there; any other is watched where it is there.
    /// - Throws: `.moved` where one of them has gone already.
    init(_ state: StateDirectory, _ names: [String], needed: Set<String>) throws(StorageError) {
        directory = state.path
        databasePath = state.databasePath
        var files: [File] = []
        for name in names {
            let path = "\(state.path)/\(name)"
            var status = stat()
            guard stat(path, &status) == 0 else {
                guard !needed.contains(name) else { throw .moved(path: path, reason: errorText(errno)) }
                continue
            }
            files.append(File(path: path, device: status.st_dev, inode: status.st_ino))
        }
        self.files = files
    }

    /// One look at each file, of a microsecond or so.
    /// - Throws: `.moved` with the first that is not where it was.
    package func check() throws(StorageError) {
        if let path = missing.first {
            throw .moved(path: path, reason: StateDirectory.exists(path) ? "another file lies there" : "it is missing")
        }
    }

    /// The database file itself is where it was.
    var hasDatabase: Bool { !missing.contains(databasePath) }

    /// The paths at which another file lies, or none.
    private var missing: [String] {
        files.filter { file in
            var status = stat()
            return stat(file.path, &status) != 0 || status.st_dev != file.device || status.st_ino != file.inode
        }.map(\.path)
    }
}
