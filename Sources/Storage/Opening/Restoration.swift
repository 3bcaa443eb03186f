package import Domain
internal import Glibc
internal import SQLite

/// Puts a backup in the place of the state, while no londid runs on it.
///
/// The backup is first copied beside the state, brought to this schema and checked. Giving that copy the name
/// `state.sqlite.restored-N` is the point of no return: from there on the next start, too, moves the present files to
/// `state.sqlite.before-restore-N` and the copy into their place, however often that is cut off. Nothing is deleted.
package enum Restoration {
    /// What was found in a backup.
    package struct Report: Hashable, Sendable {
        package let books: BooksReport
        /// When its last ledger entry was written; nil for an empty ledger.
        package let lastEntryAt: Timestamp?
        /// Where the state that was there before lies now; nil where there was none, or nothing was restored.
        package let previousPath: String?
    }

    /// Looks at a backup and changes nothing.
    /// - Throws: `.unsoundBackup`, `.corrupt`, `.newerSchema`, `.changedMigration`.
    package static func check(_ backup: String) async throws(StorageError) -> Report {
        try requireAlone(backup)
        return try await report(of: backup, mode: .immutable, previousPath: nil)
    }

    /// Restores a backup. Blocks the caller meanwhile.
    /// - Throws: as `check`, `.inUse`; the state is as it was.
    package static func restore(
        _ backup: String, into directory: String, now: Timestamp
    ) async throws(StorageError) -> Report {
        try requireAlone(backup)
        let state = try StateDirectory(path: directory, for: .replacement)
        let partial = "\(state.databasePath)\(StateDirectory.restoringSuffix)"
        try StateDirectory.copy(backup, to: partial)
        try prepare(partial, from: backup, state, now: now)
        let found = try await report(of: partial, mode: .readOnly, previousPath: nil)
        let number = state.freeRestoreNumber()
        try state.rename(partial, to: "\(state.databasePath)\(StateDirectory.restoredSuffix)\(number)")
        try state.finishRestore()
        let previous = "\(state.databasePath)\(StateDirectory.beforeRestoreSuffix)\(number)"
        return Report(
            books: found.books, lastEntryAt: found.lastEntryAt,
            previousPath: StateDirectory.exists(previous) ? previous : nil)
    }

    /// Brings the copy to this schema, and notes in it what was done.
    private static func prepare(
        _ partial: String, from backup: String, _ state: StateDirectory, now: Timestamp
    ) throws(StorageError) {
        let database = try Database(path: partial, mode: .readWrite)
        try database.execute("PRAGMA journal_mode = DELETE; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;")
        try Migrator(migrations: Migration.compiledIn, directory: state).migrate(
            database, now: now, isBackedUp: true)
        try database.recordEvent(
            "state.restore", subject: "state", detail: backup, by: User(uid: getuid(), name: "londid --restore"),
            now: now)
    }

    private static func report(
        of path: String, mode: Connection.Mode, previousPath: String?
    ) async throws(StorageError) -> Report {
        let database = try Database(path: path, mode: mode)
        guard try Migrator.applied(database).count == Migration.compiledIn.count else {
            throw .unsoundBackup(
                path: path, reason: "it has an older or no schema; londid --restore brings it up to date")
        }
        let last = try database.first("SELECT at_ms FROM ledger_entry ORDER BY seq DESC LIMIT 1") {
            (row: Row) throws(StorageError) in try row.timestamp("at_ms")
        }
        let books = try await StoreReader(path: path, mode: mode, health: nil).verifyBooks()
        if let difference = books.differences.first {
            throw .unsoundBackup(path: path, reason: difference.description)
        }
        return Report(books: books, lastEntryAt: last, previousPath: previousPath)
    }

    /// A log beside the file would hold a part of it: it is a copy of files in use, and not a backup.
    private static func requireAlone(_ backup: String) throws(StorageError) {
        guard StateDirectory.exists(backup) else { throw .directory(path: backup, operation: "open", errno: ENOENT) }
        guard !StateDirectory.exists("\(backup)-wal") else {
            throw .unsoundBackup(path: backup, reason: "\(backup)-wal lies beside it, as with a state in use")
        }
    }
}
