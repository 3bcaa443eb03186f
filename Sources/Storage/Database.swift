internal import SQLite

/// A connection whose errors are `StorageError`s that name the file: the way all SQL of this module runs.
final class Database {
    let path: String
    private let connection: Connection
    /// Told of errors after which the state must not be used; nil where that is nobody's state yet.
    private let health: StoreHealth?
    /// The length of the log at which it is next moved into the database file.
    private var checkpointFrameCount = Database.checkpointInterval
    private var isCheckpointing = false
    /// Set once the database is the state of a londid that runs.
    var stateGuard: StateGuard?
    /// The text of each INSERT that `insert` has built, by its table: building one takes longer than running it.
    private var inserts: [String: [(columns: [String], sql: String)]] = [:]

    init(
        path: String, mode: Connection.Mode, fileSystem: String? = nil, health: StoreHealth? = nil
    ) throws(StorageError) {
        self.path = path
        self.health = health
        do throws(SQLiteError) {
            connection = try Connection(path: path, mode: mode, fileSystem: fileSystem)
        } catch {
            throw Database.storageError(error, path: path)
        }
    }

    /// Rows that the last `run` changed.
    var changes: Int { connection.changes }

    /// The row id of the last INSERT.
    var lastInsertedRowID: Int64 { connection.lastInsertedRowID }

    /// Runs a text of several statements without parameters.
    func execute(_ script: String) throws(StorageError) {
        do throws(SQLiteError) { try connection.execute(script) } catch { throw storageError(error) }
    }

    /// As `Connection.endsWhenCancelled`, with `.cancelled` as the error.
    func endsWhenCancelled() { connection.endsWhenCancelled() }

    /// Runs one statement whose rows, if any, are of no interest.
    func run(_ sql: String, _ values: any Bindable...) throws(StorageError) {
        _ = try all(sql, values) { (_: Row) throws(StorageError) in }
    }

    /// Inserts one row and returns its row id. For tables so wide that values are better read next to their columns.
    func insert(into table: String, _ columns: KeyValuePairs<String, any Bindable>) throws(StorageError) -> Int64 {
        let sql = insertSQL(table, columns.map(\.key))
        _ = try all(sql, columns.map(\.value)) { (_: Row) throws(StorageError) in }
        return connection.lastInsertedRowID
    }

    /// Runs an INSERT ... ON CONFLICT DO NOTHING of one row and returns its row id; nil where there was one already.
    /// RETURNING would say the same by way of a table that is made for each row.
    func insertIfNew(_ sql: String, _ values: any Bindable...) throws(StorageError) -> Int64? {
        _ = try all(sql, values) { (_: Row) throws(StorageError) in }
        return connection.changes == 1 ? connection.lastInsertedRowID : nil
    }

    private func insertSQL(_ table: String, _ columns: [String]) -> String {
        if let known = inserts[table]?.first(where: { $0.columns == columns }) { return known.sql }
        let places = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        let sql = "INSERT INTO \(table) (\(columns.joined(separator: ", "))) VALUES (\(places))"
        inserts[table, default: []].append((columns, sql))
        return sql
    }

    /// The first row, read by `read`; nil where there is none.
    func first<Record>(
        _ sql: String, _ values: any Bindable..., read: (Row) throws(StorageError) -> Record
    ) throws(StorageError) -> Record? {
        try all(sql, values, limit: 1, read: read).first
    }

    /// The single integer of a statement that always has one row, as `SELECT count(*)`, in its column `n`.
    func count(_ sql: String, _ values: any Bindable...) throws(StorageError) -> Int64 {
        let counts = try all(sql, values, limit: 1) { (row: Row) throws(StorageError) in try row.integer("n") }
        guard let count = counts.first else { preconditionFailure("no row from: \(sql)") }
        return count
    }

    /// Every row, read by `read`.
    func all<Record>(
        _ sql: String, _ values: any Bindable..., read: (Row) throws(StorageError) -> Record
    ) throws(StorageError) -> [Record] {
        try all(sql, values, read: read)
    }

    func all<Record>(
        _ sql: String, _ values: [any Bindable], limit: Int = .max, read: (Row) throws(StorageError) -> Record
    ) throws(StorageError) -> [Record] {
        var records: [Record] = []
        try each(sql, values) { (row: Row) throws(StorageError) in
            records.append(try read(row))
            return records.count < limit
        }
        return records
    }

    /// Hands on row after row until `body` returns false, for what need not be in memory at once.
    func each(
        _ sql: String, _ values: [any Bindable], body: (Row) throws(StorageError) -> Bool
    ) throws(StorageError) {
        let statement: Statement
        do throws(SQLiteError) { statement = try connection.statement(sql) } catch { throw storageError(error) }
        defer { statement.reset() }
        do throws(SQLiteError) { try statement.bind(values) } catch { throw storageError(error) }
        while true {
            do throws(SQLiteError) {
                guard try statement.step() else { return }
            } catch {
                throw storageError(error)
            }
            guard try body(Row(statement: statement, path: path)) else { return }
        }
    }

    /// Runs `body` as one writing transaction: all or nothing.
    func transaction<Result>(_ body: () throws(StorageError) -> Result) throws(StorageError) -> Result {
        try health?.check()
        let changes = connection.totalChanges
        var mark: StateMark?
        let result = try connection.transaction(converting: { (error: SQLiteError) in storageError(error) }) {
            () throws(StorageError) in
            let result = try body()
            // A transaction without changes writes nothing, and is not synced.
            if connection.totalChanges != changes { mark = try stateGuard?.count(self) }
            return result
        }
        try noting { () throws(StorageError) in try stateGuard?.acknowledge(mark) }
        checkpointWhenDue()
        return result
    }

    /// Runs `body`, whose errors may end the use of the state.
    private func noting(_ body: () throws(StorageError) -> Void) throws(StorageError) {
        do throws(StorageError) { try body() } catch {
            health?.note(error)
            throw error
        }
    }

    /// Runs `body` over one consistent snapshot.
    func snapshot<Result>(_ body: () throws(StorageError) -> Result) throws(StorageError) -> Result {
        try connection.transaction(.deferred, converting: { (error: SQLiteError) in storageError(error) }, body)
    }

    func storageError(_ error: SQLiteError) -> StorageError {
        let error = Database.storageError(error, path: path)
        health?.note(error)
        return error
    }

    private static func storageError(_ error: SQLiteError, path: String) -> StorageError {
        let reason =
            error.systemErrorNumber == 0 ? error.message : "\(error.message): \(errorText(error.systemErrorNumber))"
        return switch error.kind {
        case .full: .diskFull(path: path)
        case .corrupt: .corrupt(path: path, reason: error.message)
        case .inputOutput, .readOnly, .cannotOpen: .fault(path: path, reason: reason)
        case .syncFailed: .syncFailed(path: path, reason: reason)
        case .moved: .moved(path: path, reason: "another file lies there")
        case .interrupted: .cancelled
        default: .database(path: path, cause: error)
        }
    }
}

extension Database {
    /// The frames, of one page each, that the log may have before it is moved into the database file.
    static let checkpointInterval = 1_000
    /// From here on readers are waited for a little, so that the log can begin anew: 64 MiB.
    static let largeLogFrameCount = 16_384
    private static let patienceMilliseconds: Int32 = 100

    /// Makes this connection the one that moves the log into the database file.
    func takeOverCheckpoints() {
        connection.takeOverCheckpoints()
        isCheckpointing = true
    }

    /// Moves the whole log into the database file and empties it, where no reader holds it back.
    func checkpoint() throws(StorageError) {
        try health?.check()
        try noting { () throws(StorageError) in try stateGuard?.check() }
        do throws(SQLiteError) {
            try connection.checkpoint(.truncating(patienceMilliseconds: Database.patienceMilliseconds))
        } catch {
            throw storageError(error)
        }
        stateGuard?.synchronize()
    }

    /// Moves the log into the database file although the use of the state has ended, where the log has lost its name.
    /// - Returns: whether all of it could be moved.
    func rescueLog() throws(StorageError) -> Bool {
        do throws(SQLiteError) {
            return try connection.checkpoint(.truncating(patienceMilliseconds: Database.patienceMilliseconds))
        } catch {
            throw storageError(error)
        }
    }

    /// The commit before this is durable in the log, whatever happens here. A failed sync is fatal by way of `health`;
    /// any other failure, such as a full disk, leaves the log as it is, and a longer log is the next occasion.
    private func checkpointWhenDue() {
        guard isCheckpointing else { return }
        let frameCount = connection.logFrameCount
        // The log has begun anew.
        if frameCount < Database.checkpointInterval { checkpointFrameCount = Database.checkpointInterval }
        guard frameCount >= checkpointFrameCount else { return }
        do throws(SQLiteError) {
            try connection.checkpoint(.passive)
            if frameCount >= Database.largeLogFrameCount {
                try connection.checkpoint(.truncating(patienceMilliseconds: Database.patienceMilliseconds))
            }
            stateGuard?.synchronize()
        } catch {
            _ = storageError(error)
        }
        checkpointFrameCount = connection.logFrameCount + Database.checkpointInterval
    }
}
