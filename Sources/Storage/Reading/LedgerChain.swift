internal import Domain
internal import Hashing

/// Recomputes the ledger's seals from the first entry to the last.
struct LedgerChain {
    /// How many entries lie between two words of progress.
    static let progressStride = 5_000

    private(set) var entryCount = 0
    private(set) var lastHash = Seal.beforeFirst
    private(set) var differences: [BookDifference] = []
    private var lastSequence: Int64 = 0

    /// - Parameter progress: gets the number of entries checked so far.
    mutating func verify(_ database: Database, progress: (Int) -> Void) throws(StorageError) {
        try database.each("SELECT * FROM ledger_entry ORDER BY seq", []) { (row: Row) throws(StorageError) in
            try check(row)
            if entryCount.isMultiple(of: Self.progressStride) { progress(entryCount) }
            return differences.count < StoreReader.mostDifferencesPerCheck
        }
        guard differences.isEmpty else { return }
        // SQLite counts the numbers it gave: the last entries cannot vanish unseen.
        let given = try database.first("SELECT seq FROM sqlite_sequence WHERE name = 'ledger_entry'") {
            (row: Row) throws(StorageError) in try row.integer("seq")
        }
        if lastSequence != given ?? 0 {
            report("end of the ledger", expected: "\(given ?? 0) entries", found: "\(lastSequence)")
        }
    }

    private mutating func check(_ row: Row) throws(StorageError) {
        let sequence = try row.integer("seq")
        let name = "ledger entry \(sequence)"
        if sequence != lastSequence + 1 {
            report(name, expected: "number \(lastSequence + 1)", found: "\(sequence)")
        }
        let previousHash = try row.blob("previous_hash")
        if previousHash != lastHash {
            report(name, expected: "the seal before \(hexadecimal(lastHash))", found: hexadecimal(previousHash))
        }
        let hash = try row.blob("hash")
        do throws(StorageError) {
            let sealed = try LedgerEntry.read(row).hash(after: previousHash)
            if hash != sealed { report(name, expected: "seal \(hexadecimal(sealed))", found: hexadecimal(hash)) }
        } catch {
            // londid wrote no such value, so somebody else did.
            guard case .badValue(_, let column, let value) = error else { throw error }
            report(name, expected: "a value that londid writes in \(column)", found: value)
        }
        entryCount += 1
        lastSequence = sequence
        lastHash = hash
    }

    private mutating func report(_ subject: String, expected: String, found: String) {
        differences.append(BookDifference(check: .chain, subject: subject, expected: expected, found: found))
    }
}
