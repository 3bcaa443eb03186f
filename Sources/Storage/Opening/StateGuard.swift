internal import SQLite

/// What stands between a commit and its acknowledgement: it counts the commit, notes it beside the database, and looks
/// whether the files that were written still are the state.
final class StateGuard {
    private let epoch: Int64
    private let watch: StateWatch
    private let note: StateNote
    private var commits: Int64 = 0

    init(epoch: Int64, watch: StateWatch, note: StateNote) {
        self.epoch = epoch
        self.watch = watch
        self.note = note
    }

    /// Why the note could not be written; nil where it could.
    var noteFault: String? { note.fault }

    /// Counts a commit. Within its transaction, after everything else.
    func count(_ database: Database) throws(StorageError) -> StateMark {
        try database.run("UPDATE epoch SET commits = ? WHERE number = ?", commits + 1, epoch)
        return try StateMark.load(database, epoch: epoch, commits: commits + 1)
    }

    /// After a commit and before anybody is told of it.
    /// - Parameter mark: what `count` said; nil where the transaction changed nothing.
    /// - Throws: `.moved`: the commit is durable in files that are not the state any more.
    func acknowledge(_ mark: StateMark?) throws(StorageError) {
        if let mark {
            commits = mark.commits
            note.write(mark)
        }
        try watch.check()
    }

    /// After a checkpoint.
    func synchronize() { note.synchronize() }

    func check() throws(StorageError) { try watch.check() }
}
