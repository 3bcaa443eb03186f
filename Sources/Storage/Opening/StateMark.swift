internal import Domain
internal import Hashing

/// How far a state has come: the start of londid that committed last, the number of its commits, and the ends of the two
/// sealed chains. A later state has a later position and still has both ends.
struct StateMark: Equatable {
    var epoch: Int64
    var commits: Int64
    var ledgerCount: Int64
    var ledgerHash: [UInt8]
    var eventCount: Int64
    var eventHash: [UInt8]

    var position: String { "commit \(commits) of start \(epoch)" }

    func isBefore(_ other: StateMark) -> Bool { (epoch, commits) < (other.epoch, other.commits) }

    /// The mark of a database as it is now. One without tables, or of a schema without marks, has none of its own: its start
    /// is 0.
    static func load(_ database: Database) throws(StorageError) -> StateMark {
        let isMarked = try database.count(
            "SELECT count(*) AS n FROM pragma_table_info('epoch') WHERE name = 'commits'")
        let place =
            isMarked == 0
            ? nil
            : try database.first("SELECT number, commits FROM epoch ORDER BY number DESC LIMIT 1") {
                (row: Row) throws(StorageError) in (try row.integer("number"), try row.integer("commits"))
            }
        return try load(database, epoch: place?.0 ?? 0, commits: place?.1 ?? 0, isSealed: isMarked > 0)
    }

    static func load(
        _ database: Database, epoch: Int64, commits: Int64, isSealed: Bool = true
    ) throws(StorageError) -> StateMark {
        let none = (number: Int64(0), hash: Seal.beforeFirst)
        guard isSealed else {
            return StateMark(
                epoch: epoch, commits: commits, ledgerCount: 0, ledgerHash: none.hash, eventCount: 0,
                eventHash: none.hash)
        }
        let ledger = try end(
            "SELECT seq AS number, hash FROM ledger_entry ORDER BY seq DESC LIMIT 1", database)
        let events = try end(
            "SELECT event AS number, hash FROM admin_seal ORDER BY event DESC LIMIT 1", database)
        return StateMark(
            epoch: epoch, commits: commits, ledgerCount: (ledger ?? none).number, ledgerHash: (ledger ?? none).hash,
            eventCount: (events ?? none).number, eventHash: (events ?? none).hash)
    }

    private static func end(
        _ sql: String, _ database: Database
    ) throws(StorageError) -> (number: Int64, hash: [UInt8])? {
        try database.first(sql) { (row: Row) throws(StorageError) in
            (number: try row.integer("number"), hash: try row.blob("hash"))
        }
    }

    /// What of this mark, which was noted earlier, a database does not have; nil where it has all of it.
    func missing(in database: Database, at found: StateMark) throws(StorageError) -> String? {
        if found.isBefore(self) { return "its last is \(found.position), and \(position) was noted" }
        let chains = [
            ("ledger entry", "SELECT hash FROM ledger_entry WHERE seq = ?", ledgerCount, ledgerHash),
            ("administrative event", "SELECT hash FROM admin_seal WHERE event = ?", eventCount, eventHash),
        ]
        for (name, sql, number, hash) in chains where number > 0 {
            let stored = try database.first(sql, number) { (row: Row) throws(StorageError) in try row.blob("hash") }
            guard stored != hash else { continue }
            return "\(name) \(number) was noted with the seal \(hexadecimal(hash)), and it has "
                + (stored.map { "the seal \(hexadecimal($0))" } ?? "no such one")
        }
        return nil
    }
}

extension StateMark {
    /// One line of text that ends with a checksum over the rest.
    var text: String {
        let fields = [
            "londi-state", "\(epoch)", "\(commits)", "\(ledgerCount)", hexadecimal(ledgerHash), "\(eventCount)",
            hexadecimal(eventHash),
        ].joined(separator: " ")
        return "\(fields) \(Self.checksum(of: fields))\n"
    }

    /// nil for anything that `text` did not write whole.
    init?(text: String) {
        let line = text.parts(at: "\n", omittingEmpty: false)[0]
        let fields = String(line).parts(at: " ", omittingEmpty: false)
        guard fields.count == 8, fields[0] == "londi-state",
            Self.checksum(of: fields.dropLast().joined(separator: " ")) == fields[7],
            let epoch = Int64(fields[1]), let commits = Int64(fields[2]), let ledgerCount = Int64(fields[3]),
            let eventCount = Int64(fields[5])
        else { return nil }
        self.init(
            epoch: epoch, commits: commits, ledgerCount: ledgerCount, ledgerHash: Self.bytes(fields[4]),
            eventCount: eventCount, eventHash: Self.bytes(fields[6]))
    }

    private static func checksum(of text: String) -> String { hexadecimal(SHA256.digest(of: text)) }

    private static func bytes(_ text: Substring) -> [UInt8] {
        let digits = Array(text.utf8)
        return stride(from: 0, to: digits.count - 1, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...($0 + 1)], as: UTF8.self), radix: 16)
        }
    }
}
