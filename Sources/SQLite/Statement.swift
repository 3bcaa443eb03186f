internal import CSQLite

/// One prepared statement. It lives on its connection's executor and holds the connection.
package final class Statement {
    package let sql: String
    /// A statement that is being stepped through must not be handed out again.
    private(set) var isInUse = false

    private let handle: OpaquePointer
    private let connection: Connection.Handle
    private let parameterCount: Int
    private lazy var columns = columnNames()
    /// Where the next column that is asked for stands, if columns are read in the order of the SELECT.
    private var expectedColumn = 0

    init(_ sql: String, on connection: Connection.Handle) throws(SQLiteError) {
        var handle: OpaquePointer?
        var text = sql
        let result = text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                sqlite3_prepare_v3(
                    connection.pointer, $0.baseAddress, Int32($0.count), UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil
                )
            }
        }
        guard result == SQLITE_OK else { throw .last(of: connection.pointer, sql: sql) }
        guard let handle else { preconditionFailure("an empty text is no SQL statement") }
        self.sql = sql
        self.handle = handle
        self.connection = connection
        parameterCount = Int(sqlite3_bind_parameter_count(handle))
    }

    deinit { sqlite3_finalize(handle) }

    /// Begins anew with these parameters, in the order of the statement's `?`.
    /// - Precondition: as many values as parameters (traps).
    package func bind(_ values: [any Bindable]) throws(SQLiteError) {
        if isInUse { reset() }
        precondition(values.count == parameterCount, "\(values.count) values for the parameters of \(sql)")
        isInUse = true
        for index in 0..<values.count {
            let status = bind(values[index].sqliteValue, at: Int32(index + 1))
            guard status == SQLITE_OK else { throw .last(of: connection.pointer, sql: sql) }
        }
    }

    private func bind(_ value: Value, at index: Int32) -> Int32 {
        switch value {
        case .null: return sqlite3_bind_null(handle, index)
        case .integer(let number): return sqlite3_bind_int64(handle, index, number)
        case .real(let number): return sqlite3_bind_double(handle, index, number)
        case .text(var text):
            return text.withUTF8 { bytes in
                // An empty text may have no address, and SQLite takes that for NULL.
                guard bytes.count > 0 else { return londi_bind_text(handle, index, "", 0) }
                return bytes.withMemoryRebound(to: CChar.self) {
                    londi_bind_text(handle, index, $0.baseAddress, Int32(clamping: $0.count))
                }
            }
        case .blob(let bytes):
            return bytes.withUnsafeBytes { londi_bind_blob(handle, index, $0.baseAddress, Int32(clamping: $0.count)) }
        }
    }

    /// Runs to the next row: true where there is one, false at the end.
    package func step() throws(SQLiteError) -> Bool {
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default:
            let error = SQLiteError.last(of: connection.pointer, sql: sql)
            reset()
            throw error
        }
    }

    /// Ends the run and forgets the parameters; until then the statement keeps its locks.
    package func reset() {
        // The result repeats the error of the last step, which was thrown there.
        sqlite3_reset(handle)
        if parameterCount > 0 { sqlite3_clear_bindings(handle) }
        isInUse = false
        expectedColumn = 0
    }

    /// The value of a column of the current row.
    /// - Precondition: the statement has a column of this name (traps).
    package func value(_ column: String) -> Value {
        let index = index(of: column)
        switch sqlite3_column_type(handle, index) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(handle, index))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(handle, index))
        case SQLITE_TEXT:
            guard let text = sqlite3_column_text(handle, index) else { return .text("") }
            let count = Int(sqlite3_column_bytes(handle, index))
            return .text(String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            guard let bytes = sqlite3_column_blob(handle, index) else { return .blob([]) }
            return .blob(Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, index)))))
        default: return .null
        }
    }

    /// From where the last one was found, since that is nearly always the next.
    private func index(of column: String) -> Int32 {
        let expected = expectedColumn
        let found = columns[expected...].firstIndex(of: column) ?? columns[..<expected].firstIndex(of: column)
        guard let found else { preconditionFailure("no column \(column) in: \(sql)") }
        expectedColumn = found + 1
        return Int32(found)
    }

    private func columnNames() -> [String] {
        (0..<sqlite3_column_count(handle)).map { sqlite3_column_name(handle, $0).map { String(cString: $0) } ?? "" }
    }
}
