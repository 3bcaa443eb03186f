internal import CSQLite

/// One connection to a database file, with its prepared statements. Not Sendable: it lives on one actor.
package final class Connection {
    package enum Mode: Sendable {
        /// Creates the file if it is missing.
        case readWriteCreate
        case readWrite
        /// Cannot write, and so never checkpoints.
        case readOnly
        /// Reads a file that nobody changes meanwhile, without locks and without making a file beside it.
        case immutable
    }

    /// The C handle, closed when the connection and its last statement are gone.
    final class Handle {
        let pointer: OpaquePointer
        /// The frames of the write-ahead log after the last commit.
        var logFrameCount = 0
        init(_ pointer: OpaquePointer) { self.pointer = pointer }
        deinit { sqlite3_close_v2(pointer) }
    }

    /// SQLite's code: refused where something else in the process has used SQLite before, which changes only its speed.
    private static let configuration = londi_configure()

    let handle: Handle
    let busyTimeoutMilliseconds: Int32
    private var cache: [Text: Statement] = [:]

    /// A statement's text as a key. Hashing all of it costs as much as a small statement; nearly all texts differ in
    /// length, and the same literal is equal without a look at its bytes.
    private struct Text: Hashable {
        let sql: String
        func hash(into hasher: inout Hasher) { hasher.combine(sql.utf8.count) }
    }

    /// Opens a database file. SQLite reads it only when the first statement runs.
    /// - Parameters:
    ///   - fileSystem: the name of a registered VFS; nil: the system's.
    ///   - busyTimeoutMilliseconds: how long a statement waits for another connection's lock.
    package init(
        path: String, mode: Mode, fileSystem: String? = nil, busyTimeoutMilliseconds: Int32 = 5_000
    ) throws(SQLiteError) {
        let access =
            switch mode {
            case .readWriteCreate: SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
            case .readWrite: SQLITE_OPEN_READWRITE
            case .readOnly: SQLITE_OPEN_READONLY
            case .immutable: SQLITE_OPEN_READONLY | SQLITE_OPEN_URI
            }
        let name = mode == .immutable ? "file:\(Self.escaped(path))?immutable=1" : path
        var pointer: OpaquePointer?
        _ = Self.configuration
        // One actor uses the connection, so SQLite's own mutexes are only a cost.
        let flags = access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let result = sqlite3_open_v2(name, &pointer, flags, fileSystem)
        guard let pointer else {
            throw SQLiteError(extendedCode: result, message: "out of memory", sql: nil)
        }
        handle = Handle(pointer)
        guard result == SQLITE_OK else { throw .last(of: pointer, sql: nil) }
        sqlite3_busy_timeout(pointer, busyTimeoutMilliseconds)
        self.busyTimeoutMilliseconds = busyTimeoutMilliseconds
    }

    /// A path within a URI.
    private static func escaped(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return path.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"), 0..<0x21, 0x7f...:
                "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            default: String(UnicodeScalar(byte))
            }
        }.joined()
    }

    /// Runs a text of any number of statements without parameters.
    package func execute(_ script: String) throws(SQLiteError) {
        guard sqlite3_exec(handle.pointer, script, nil, nil, nil) == SQLITE_OK else {
            throw .last(of: handle.pointer, sql: script.count > 200 ? String(script.prefix(200)) + " ..." : script)
        }
    }

    /// Has long statements end with an error of the kind `interrupted` soon after the task that runs them is cancelled.
    package func endsWhenCancelled() {
        sqlite3_progress_handler(handle.pointer, 10_000, { _ in Task.isCancelled ? 1 : 0 }, nil)
    }

    /// Some statements are made to measure; a client could ask for ever new ones.
    private static let mostCached = 256

    /// The prepared statement of a text: prepared once, kept with the connection. Reset it after use.
    package func statement(_ sql: String) throws(SQLiteError) -> Statement {
        let text = Text(sql: sql)
        let cached = cache[text]
        if let cached, !cached.isInUse { return cached }
        let statement = try Statement(sql, on: handle)
        if cached == nil {
            if cache.count >= Self.mostCached { cache = [:] }
            cache[text] = statement
        }
        return statement
    }

    /// The rows that the last INSERT, UPDATE or DELETE touched.
    package var changes: Int { Int(sqlite3_changes64(handle.pointer)) }

    /// The rows that all statements of this connection have touched so far, those of triggers included.
    package var totalChanges: Int64 { sqlite3_total_changes64(handle.pointer) }

    /// The row id of the last INSERT.
    package var lastInsertedRowID: Int64 { sqlite3_last_insert_rowid(handle.pointer) }

    /// A transaction is open.
    package var isInTransaction: Bool { sqlite3_get_autocommit(handle.pointer) == 0 }

    /// How a transaction begins.
    package enum TransactionKind: String, Sendable {
        /// Takes the write lock at once.
        case immediate = "BEGIN IMMEDIATE"
        /// One consistent snapshot for reading.
        case deferred = "BEGIN DEFERRED"
    }

    /// Runs `body` as one transaction: all of it is durable on return, and none of it happened if `body` or the commit
    /// throws.
    /// - Parameter convert: makes an error of SQLite one of the caller's.
    /// - Precondition: no transaction is open (traps).
    package func transaction<Result, Failure: Error>(
        _ kind: TransactionKind = .immediate, converting convert: (SQLiteError) -> Failure,
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        precondition(!isInTransaction, "transactions do not nest")
        do throws(SQLiteError) { try run(kind.rawValue) } catch { throw convert(error) }
        let result: Result
        do throws(Failure) {
            result = try body()
        } catch {
            rollBack()
            throw error
        }
        do throws(SQLiteError) {
            try run("COMMIT")
        } catch {
            rollBack()
            throw convert(error)
        }
        return result
    }

    /// SQLite itself rolls back after a full disk or an I/O error; then there is nothing to do. A rollback that fails
    /// has the same cause as the error that led to it, which is the one to report.
    private func rollBack() {
        guard isInTransaction else { return }
        sqlite3_exec(handle.pointer, "ROLLBACK", nil, nil, nil)
    }

    private func run(_ sql: String) throws(SQLiteError) {
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind([])
        _ = try statement.step()
    }
}
