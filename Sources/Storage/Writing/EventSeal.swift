internal import Domain

/// The chain of administrative events: `Seal` over number, instant in milliseconds, uid, user, action, subject and detail.
enum EventSeal {
    /// The migration that made the table of seals.
    static let migration = "0016_proofs"

    static func hash(of event: AdminEvent, after previousHash: [UInt8]) -> [UInt8] {
        Seal.hash(
            of: [
                "\(event.sequence)", "\(event.at.milliseconds)", "\(event.user.uid)", event.user.name, event.action,
                event.subject, event.detail,
            ], after: previousHash)
    }

    /// Seals an event after the newest seal. Only within the transaction that entered it.
    static func append(_ event: AdminEvent, to database: Database) throws(StorageError) {
        let previousHash = try last(in: database) ?? Seal.beforeFirst
        try database.run(
            "INSERT INTO admin_seal (event, previous_hash, hash) VALUES (?, ?, ?)", event.sequence, previousHash,
            hash(of: event, after: previousHash))
    }

    /// Seals the events that are older than the seals, and enters one that says how many they were.
    /// Only within the transaction of the migration.
    static func sealOld(in database: Database, by user: User, now: Timestamp) throws(StorageError) {
        let old = try database.all("SELECT * FROM admin_event ORDER BY seq") { (row: Row) throws(StorageError) in
            try AdminEvent.read(row)
        }
        guard let newest = old.last else { return }
        for event in old { try append(event, to: database) }
        try database.recordEvent(
            "state.seal", subject: "admin_event",
            detail: "events=1-\(newest.sequence), which nothing guarded before", by: user, now: now)
    }

    private static func last(in database: Database) throws(StorageError) -> [UInt8]? {
        try database.first("SELECT hash FROM admin_seal ORDER BY event DESC LIMIT 1") {
            (row: Row) throws(StorageError) in try row.blob("hash")
        }
    }
}

extension AdminEvent {
    static func read(_ row: Row) throws(StorageError) -> AdminEvent {
        AdminEvent(
            sequence: try row.integer("seq"), at: try row.timestamp("at_ms"),
            user: User(uid: try row.uid("uid"), name: try row.text("user")), action: try row.text("action"),
            subject: try row.text("subject"), detail: try row.text("detail"))
    }
}
