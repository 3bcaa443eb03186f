internal import Hashing

extension StoreReader {
    /// The most differences reported for each check: the first ones say what is wrong.
    package static let mostDifferencesPerCheck = 20

    /// Recomputes everything that the books must agree in, over one snapshot. Reads the whole database.
    package func verifyBooks() throws(StorageError) -> BooksReport {
        try database.snapshot { () throws(StorageError) in
            var chain = LedgerChain()
            try chain.verify(database)
            var differences = chain.differences + (try fileDifferences())
            for check in BookCheck.allCases {
                guard let sql = check.sql else { continue }
                differences += try database.all(
                    "SELECT subject, expected, found FROM (\(sql)) LIMIT ?", StoreReader.mostDifferencesPerCheck
                ) { (row: Row) throws(StorageError) in
                    BookDifference(
                        check: check, subject: try row.text("subject"), expected: try row.text("expected"),
                        found: try row.text("found"))
                }
            }
            return BooksReport(
                entryCount: chain.entryCount, lastHash: chain.entryCount == 0 ? nil : hexadecimal(chain.lastHash),
                differences: differences)
        }
    }

    private func fileDifferences() throws(StorageError) -> [BookDifference] {
        let complaints = try database.all("PRAGMA integrity_check(\(StoreReader.mostDifferencesPerCheck))") {
            (row: Row) throws(StorageError) in try row.text("integrity_check")
        }
        let orphans = try database.all("PRAGMA foreign_key_check") { (row: Row) throws(StorageError) in
            "a row of \(try row.text("table")) names a missing one of \(try row.text("parent"))"
        }
        return (complaints.filter { $0 != "ok" } + orphans).prefix(StoreReader.mostDifferencesPerCheck).map {
            BookDifference(check: .file, subject: "database file", expected: "a sound one", found: $0)
        }
    }
}
