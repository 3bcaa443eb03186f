internal import Domain
internal import Hashing

extension StoreReader {
    /// The most differences reported for each check: the first ones say what is wrong.
    package static let mostDifferencesPerCheck = 20

    /// Recomputes everything that the books must agree in, over one snapshot. Reads the whole database.
    /// - Parameter progress: told before each check and every few thousand ledger entries.
    /// - Throws: `.cancelled` on an audit's reader.
    package func verifyBooks(
        progress: @Sendable (BooksProgress) -> Void = { _ in }
    ) throws(StorageError) -> BooksReport {
        try database.snapshot { () throws(StorageError) in
            let total = Int(try database.count("SELECT coalesce(max(seq), 0) AS n FROM ledger_entry"))
            var chain = LedgerChain()
            progress(BooksProgress(check: .chain, entryCount: 0, total: total))
            try chain.verify(database) { count in
                progress(BooksProgress(check: .chain, entryCount: count, total: total))
            }
            var differences = chain.differences
            for check in BookCheck.allCases where check != .chain {
                progress(BooksProgress(check: check, entryCount: chain.entryCount, total: total))
                differences += try codeDifferences(check)
                differences += try rowDifferences(check, found: differences.count { $0.check == check })
            }
            return BooksReport(
                entryCount: chain.entryCount, lastHash: chain.entryCount == 0 ? nil : hexadecimal(chain.lastHash),
                eventCount: Int(try database.count("SELECT count(*) AS n FROM admin_event")),
                eventsSealedAt: try eventsSealedAt(), differences: differences)
        }
    }

    /// When the events were sealed that nothing guarded before; nil where each was sealed as it was entered.
    private func eventsSealedAt() throws(StorageError) -> Timestamp? {
        try database.first("SELECT at_ms FROM admin_event WHERE action = 'state.seal' ORDER BY seq LIMIT 1") {
            (row: Row) throws(StorageError) in try row.timestamp("at_ms")
        }
    }

    private func codeDifferences(_ check: BookCheck) throws(StorageError) -> [BookDifference] {
        switch check {
        case .file: return try fileDifferences()
        case .events:
            var chain = EventChain()
            try chain.verify(database)
            return chain.differences
        case .requests:
            var requests = RequestCheck()
            try requests.verify(database)
            return requests.differences
        default: return []
        }
    }

    /// - Parameter found: how many differences the check has already.
    private func rowDifferences(_ check: BookCheck, found: Int) throws(StorageError) -> [BookDifference] {
        var differences: [BookDifference] = []
        for sql in [check.sql].compactMap(\.self) + check.linksSQL {
            let room = max(0, StoreReader.mostDifferencesPerCheck - found - differences.count)
            differences += try database.all("SELECT subject, expected, found FROM (\(sql)) LIMIT ?", room) {
                (row: Row) throws(StorageError) in
                BookDifference(
                    check: check, subject: try row.text("subject"), expected: try row.text("expected"),
                    found: try row.text("found"))
            }
        }
        return differences
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
