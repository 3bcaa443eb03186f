internal import CSQLite

/// What SQLite refused, in its own words.
package struct SQLiteError: Error, Equatable, CustomStringConvertible {
    /// What kind of failure it is, where a caller may want to tell them apart.
    package enum Kind: Sendable {
        /// The file system has no room.
        case full
        /// The file is not a database, or parts of it are damaged.
        case corrupt
        /// Another process holds a lock for longer than the busy timeout.
        case busy
        /// A CHECK, UNIQUE, NOT NULL or foreign key constraint, or a trigger's RAISE.
        case constraint
        /// The file system or the file allows no writing.
        case readOnly
        /// Reading, writing or syncing failed.
        case inputOutput
        /// The task that ran the statement was cancelled.
        case interrupted
        case other
    }

    /// The primary result code, such as 19, SQLITE_CONSTRAINT.
    package let code: Int32
    /// The extended result code, such as 2067, SQLITE_CONSTRAINT_UNIQUE.
    package let extendedCode: Int32
    package let message: String
    /// The statement at fault; nil where there was none, as when opening a file.
    package let sql: String?

    package init(extendedCode: Int32, message: String, sql: String?) {
        code = extendedCode & 0xff
        self.extendedCode = extendedCode
        self.message = message
        self.sql = sql
    }

    package var kind: Kind {
        switch code {
        case SQLITE_FULL: .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CONSTRAINT: .constraint
        case SQLITE_READONLY: .readOnly
        case SQLITE_IOERR: .inputOutput
        case SQLITE_INTERRUPT: .interrupted
        default: .other
        }
    }

    package var description: String {
        let statement = sql.map { ", in: \($0)" } ?? ""
        return "SQLite error \(extendedCode): \(message)\(statement)"
    }

    /// The last error of an open connection.
    static func last(of handle: OpaquePointer, sql: String?) -> SQLiteError {
        SQLiteError(
            extendedCode: sqlite3_extended_errcode(handle), message: String(cString: sqlite3_errmsg(handle)), sql: sql)
    }
}
