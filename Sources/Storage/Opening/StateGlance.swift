package import Domain
internal import SQLite

/// A look at a state that no londid has open: without a lock, a migration or a file beside it.
package enum StateGlance {
    /// What a state lacks of what was noted beside it; nil where it has all, or nothing was noted. Reads what is in the
    /// database, as `latestDay`.
    package static func missing(in directory: String) async throws(StorageError) -> String? {
        guard let note = try StateNote.read("\(directory)/state.seal") else { return nil }
        return try await StoreReader(path: "\(directory)/state.sqlite", mode: .immutable, health: nil).missing(of: note)
    }

    /// The latest day that a queue is on; nil where no step began yet. Reads what is in the database, not in its
    /// write-ahead log: call it where that is empty.
    /// - Throws: `.corrupt`, and whatever else keeps SQLite from reading.
    package static func latestDay(in path: String) async throws(StorageError) -> DayKey? {
        try await StoreReader(path: path, mode: .immutable, health: nil).latestDay()
    }
}

extension StoreReader {
    fileprivate func missing(of note: StateMark) throws(StorageError) -> String? {
        try note.missing(in: database, at: StateMark.load(database))
    }

    fileprivate func latestDay() throws(StorageError) -> DayKey? {
        try database.first(
            "SELECT last_day AS day FROM queue WHERE last_day IS NOT NULL ORDER BY last_day DESC LIMIT 1"
        ) { (row: Row) throws(StorageError) in try row.day("day") }
    }
}
