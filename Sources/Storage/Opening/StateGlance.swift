package import Domain
internal import SQLite

/// A look at a state that no londid has open: without a lock, a migration or a file beside it.
package enum StateGlance {
    /// The latest day that a queue is on; nil where no step began yet. Reads what is in the database, not in its
    /// write-ahead log: call it where that is empty.
    /// - Throws: `.corrupt`, and whatever else keeps SQLite from reading.
    package static func latestDay(in path: String) async throws(StorageError) -> DayKey? {
        try await StoreReader(path: path, mode: .immutable, health: nil).latestDay()
    }
}

extension StoreReader {
    fileprivate func latestDay() throws(StorageError) -> DayKey? {
        try database.first(
            "SELECT last_day AS day FROM queue WHERE last_day IS NOT NULL ORDER BY last_day DESC LIMIT 1"
        ) { (row: Row) throws(StorageError) in try row.day("day") }
    }
}
