internal import Domain
internal import Hashing

/// Recomputes the ledger's seals from the first entry to the last.
struct LedgerChain {
    private(set) var entryCount = 0
    private(set) var lastHash = LedgerEntry.firstPreviousHash
    private(set) var differences: [BookDifference] = []

    mutating func verify(_ database: Database) throws(StorageError) {
        try database.each("SELECT * FROM ledger_entry ORDER BY seq", []) { (row: Row) throws(StorageError) in
            try check(row)
            return differences.count < StoreReader.mostDifferencesPerCheck
        }
        guard differences.isEmpty else { return }
        // SQLite counts the numbers it gave: the last entries cannot vanish unseen.
        let given = try database.first("SELECT seq FROM sqlite_sequence WHERE name = 'ledger_entry'") {
            (row: Row) throws(StorageError) in try row.integer("seq")
        }
        if Int64(entryCount) != given ?? 0 {
            report("end of the ledger", expected: "\(given ?? 0) entries", found: "\(entryCount)")
        }
    }

    private mutating func check(_ row: Row) throws(StorageError) {
        let entry = try LedgerEntry.read(row)
        let name = "ledger entry \(entry.sequence)"
        if entry.sequence != Int64(entryCount) + 1 {
            report(name, expected: "number \(entryCount + 1)", found: "\(entry.sequence)")
        }
        let previousHash = try row.blob("previous_hash")
        if previousHash != lastHash {
            report(name, expected: "the seal before \(hexadecimal(lastHash))", found: hexadecimal(previousHash))
        }
        let hash = try row.blob("hash")
        let sealed = entry.hash(after: previousHash)
        if hash != sealed { report(name, expected: "seal \(hexadecimal(sealed))", found: hexadecimal(hash)) }
        entryCount += 1
        lastHash = hash
    }

    private mutating func report(_ subject: String, expected: String, found: String) {
        differences.append(BookDifference(check: .chain, subject: subject, expected: expected, found: found))
    }
}
