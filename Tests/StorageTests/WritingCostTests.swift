import SQLite
import Storage
import Testing

/// What SQLite does for each row that is written.
@Suite struct WritingCosts {
    /// A CHECK with `x IN (...)` of three words or more fills such a table for every row: half of a new job's time.
    @Test(arguments: [
        "job", "payload", "episode", "answer", "step", "reservation", "ledger_entry", "outcome", "arrival",
    ])
    func `a new row is checked without a table made for it`(table: String) async throws {
        let fixture = try await Fixture()
        let connection = try fixture.directory.rawConnection()
        let columns = try texts(connection, "SELECT name FROM pragma_table_info('\(table)')", column: "name")
        let places = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        let insert = "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))"
        let update = "UPDATE \(table) SET \(columns.map { "\($0) = \($0)" }.joined(separator: ", "))"
        #expect(try !texts(connection, "EXPLAIN " + insert, column: "opcode").contains("OpenEphemeral"))
        // An UPDATE of everything collects its rows in one such table.
        let made = try texts(connection, "EXPLAIN " + update, column: "opcode").filter { $0 == "OpenEphemeral" }
        #expect(made.count <= 1)
    }

    /// The edit of the schema is one of text: what it refuses must be what it refused.
    @Test(arguments: [
        ("UPDATE job SET state = 'lost'", "job_state_known"),
        ("UPDATE job SET pending_reason = 'Mood'", "job_pending_reason_known"),
        ("UPDATE job SET state = 'completed', pending_reason = NULL", "job_ended_iff_dated"),
        ("UPDATE episode SET end_reason = 'lost', ended_at_ms = 1", "episode_end_reason_known"),
    ])
    func `the checks refuse what they refused`(sql: String, constraint: String) async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        _ = try await fixture.claim()
        try await fixture.submit()
        let error = #expect(throws: SQLiteError.self) {
            try fixture.directory.rawConnection().execute(sql.hasPrefix("UPDATE job") ? sql + " WHERE id = 2" : sql)
        }
        #expect(error?.message == "CHECK constraint failed: \(constraint)")
    }

    @Test func `the edited schema is sound`() async throws {
        let fixture = try await Fixture()
        let connection = try fixture.directory.rawConnection()
        #expect(try texts(connection, "PRAGMA integrity_check", column: "integrity_check") == ["ok"])
        let schema = try texts(connection, "SELECT sql FROM sqlite_schema WHERE name = 'job'", column: "sql")
        #expect(schema[0].contains("(state = 'staged' OR state = 'pending'"))
    }

    private func texts(_ connection: Connection, _ sql: String, column: String) throws -> [String] {
        let statement = try connection.statement(sql)
        defer { statement.reset() }
        try statement.bind(Array(repeating: Int64?.none as any Bindable, count: sql.count { $0 == "?" }))
        var texts: [String] = []
        while try statement.step() {
            if case .text(let text) = statement.value(column) { texts.append(text) }
        }
        return texts
    }
}
