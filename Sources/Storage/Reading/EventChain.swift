internal import Hashing

/// Recomputes the seals of the administrative events from the first to the last.
struct EventChain {
    private(set) var eventCount = 0
    private(set) var differences: [BookDifference] = []
    private var lastHash = Seal.beforeFirst

    mutating func verify(_ database: Database) throws(StorageError) {
        try database.each(
            "SELECT * FROM admin_event LEFT JOIN admin_seal ON admin_seal.event = admin_event.seq ORDER BY seq", []
        ) { (row: Row) throws(StorageError) in
            try check(row)
            return differences.count < StoreReader.mostDifferencesPerCheck
        }
        guard differences.isEmpty else { return }
        // SQLite counts the numbers it gave: the last events cannot vanish unseen.
        let given = try database.first("SELECT seq FROM sqlite_sequence WHERE name = 'admin_event'") {
            (row: Row) throws(StorageError) in try row.count("seq")
        }
        if eventCount != given ?? 0 {
            report("end of the administrative events", expected: "\(given ?? 0) events", found: "\(eventCount)")
        }
        let sealCount = try database.count("SELECT count(*) AS n FROM admin_seal")
        if sealCount != eventCount {
            report("seals of administrative events", expected: "\(eventCount) of them", found: "\(sealCount)")
        }
    }

    private mutating func check(_ row: Row) throws(StorageError) {
        let sequence = try row.count("seq")
        let name = "administrative event \(sequence)"
        if sequence != eventCount + 1 { report(name, expected: "number \(eventCount + 1)", found: "\(sequence)") }
        guard try row.optionalInteger("event") != nil else { return report(name, expected: "a seal", found: "none") }
        let previousHash = try row.blob("previous_hash")
        if previousHash != lastHash {
            report(name, expected: "the seal before \(hexadecimal(lastHash))", found: hexadecimal(previousHash))
        }
        let hash = try row.blob("hash")
        do throws(StorageError) {
            let sealed = EventSeal.hash(of: try AdminEvent.read(row), after: previousHash)
            if hash != sealed { report(name, expected: "seal \(hexadecimal(sealed))", found: hexadecimal(hash)) }
        } catch {
            // londid wrote no such value, so somebody else did.
            guard case .badValue(_, let column, let value) = error else { throw error }
            report(name, expected: "a value that londid writes in \(column)", found: value)
        }
        eventCount += 1
        lastHash = hash
    }

    private mutating func report(_ subject: String, expected: String, found: String) {
        differences.append(BookDifference(check: .events, subject: subject, expected: expected, found: found))
    }
}
