internal import Domain
internal import Hashing

extension StoreReader {
    /// The number of the newest ledger entry, 0 where there is none.
    package func lastLedgerEntry() throws(StorageError) -> Int64 {
        try database.count("SELECT coalesce(max(seq), 0) AS n FROM ledger_entry")
    }

    /// Ledger entries with their seals, oldest first, in pieces: those after one entry and up to another.
    /// - Parameter limit: the most entries, >= 1; fewer come only at the end.
    package func ledgerEntries(
        after: Int64, through: Int64, _ filter: LedgerFilter, limit: Int
    ) throws(StorageError) -> [SealedEntry] {
        // By number and not by an index of days, whose entries would have to be sorted anew for each piece.
        try database.all(
            """
            SELECT * FROM ledger_entry NOT INDEXED
            WHERE seq > ?1 AND seq <= ?2 AND day BETWEEN ?3 AND ?4 AND (?5 IS NULL OR queue = ?5)
            ORDER BY seq LIMIT ?6
            """, after, through, filter.days.lowerBound.daysSinceEpoch, filter.days.upperBound.daysSinceEpoch,
            filter.queue?.text, limit
        ) { (row: Row) throws(StorageError) in
            SealedEntry(
                entry: try LedgerEntry.read(row), previousHash: hexadecimal(try row.blob("previous_hash")),
                hash: hexadecimal(try row.blob("hash")))
        }
    }
}
