import SQLite
import Testing

/// The thin layer over the C API: whatever it gets wrong, everything above gets wrong.
@Suite struct SQLiteTests {
    struct Stop: Error {}

    @Test func `every type of value comes back as it went in`() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        let values: [Value] = [
            .null, .integer(.min), .integer(.max), .real(-0.1), .text(""), .text("a\0b"), .text("Zürich 🜂"), .blob([]),
            .blob([0, 255, 0]),
        ]
        let statement = try connection.statement("SELECT ? AS value")
        for value in values {
            try statement.bind([Bound(sqliteValue: value)])
            #expect(try statement.step())
            #expect(statement.value("value") == value)
            statement.reset()
        }
    }

    @Test func `a transaction that throws leaves nothing and the next one works`() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        try connection.execute("CREATE TABLE t (a INTEGER) STRICT")
        #expect(throws: Stop.self) {
            try connection.transaction(converting: { (_: SQLiteError) in Stop() }) { () throws(Stop) in
                do { try connection.execute("INSERT INTO t VALUES (1)") } catch { throw Stop() }
                throw Stop()
            }
        }
        #expect(!connection.isInTransaction)
        try connection.transaction(converting: { (error: SQLiteError) in error }) { () throws(SQLiteError) in
            try connection.execute("INSERT INTO t VALUES (2)")
        }
        let statement = try connection.statement("SELECT group_concat(a) AS all_a FROM t")
        try statement.bind([])
        #expect(try statement.step())
        #expect(statement.value("all_a") == .text("2"))
    }

    @Test func `an error has its code, its words and its statement`() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        try connection.execute("CREATE TABLE t (a INTEGER NOT NULL UNIQUE) STRICT; INSERT INTO t VALUES (1)")
        let sql = "INSERT INTO t VALUES (?)"
        let statement = try connection.statement(sql)
        try statement.bind([1])
        #expect(throws: SQLiteError(extendedCode: 2067, message: "UNIQUE constraint failed: t.a", sql: sql)) {
            try statement.step()
        }
        #expect(throws: SQLiteError(extendedCode: 1, message: "no such table: u", sql: "SELECT * FROM u")) {
            try connection.statement("SELECT * FROM u")
        }
    }

    @Test func `a statement in use is not handed out again`() throws {
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        let first = try connection.statement("SELECT 1 AS a UNION SELECT 2")
        try first.bind([])
        #expect(try first.step())
        let second = try connection.statement("SELECT 1 AS a UNION SELECT 2")
        #expect(first !== second)
        first.reset()
        #expect(try connection.statement("SELECT 1 AS a UNION SELECT 2") === first)
    }

    @Test func `a reader cannot write`() throws {
        let directory = TemporaryDirectory()
        let writer = try Connection(path: directory.databasePath, mode: .readWriteCreate)
        try writer.execute("CREATE TABLE t (a INTEGER) STRICT")
        let reader = try Connection(path: directory.databasePath, mode: .readOnly)
        let error = #expect(throws: SQLiteError.self) { try reader.execute("INSERT INTO t VALUES (1)") }
        #expect(error?.kind == .readOnly)
    }

    private struct Bound: Bindable { let sqliteValue: Value }
}
