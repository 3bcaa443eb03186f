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
        /// Reading or writing failed.
        case inputOutput
        /// A file cannot be opened or made.
        case cannotOpen
        /// A sync failed: what of the file is on the disk is unknown, and a second sync may say yes to what is lost.
        case syncFailed
        /// Another file lies where the open database was.
        case moved
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
    /// The errno of the system call that failed; 0 where none did.
    package let systemErrorNumber: Int32

    package init(extendedCode: Int32, message: String, sql: String?, systemErrorNumber: Int32 = 0) {
        self.systemErrorNumber = systemErrorNumber
        code = extendedCode & 0xff
        self.extendedCode = extendedCode
        self.message = message
        self.sql = sql
    }

    package var kind: Kind {
        switch extendedCode {
        case Self.syncFailed, Self.directorySyncFailed: return .syncFailed
        case Self.fileSystemCorrupt, Self.checksumWrong: return .corrupt
        case Self.databaseMoved: return .moved
        default: break
        }
        return switch code {
        case SQLITE_FULL: .full
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CONSTRAINT: .constraint
        case SQLITE_READONLY: .readOnly
        case SQLITE_IOERR: .inputOutput
        case SQLITE_CANTOPEN: .cannotOpen
        case SQLITE_INTERRUPT: .interrupted
        default: .other
        }
    }

    // SQLITE_IOERR_FSYNC and its like: macros with arithmetic, which Swift does not import.
    private static let syncFailed = SQLITE_IOERR | 4 << 8
    private static let directorySyncFailed = SQLITE_IOERR | 5 << 8
    private static let checksumWrong = SQLITE_IOERR | 32 << 8
    private static let fileSystemCorrupt = SQLITE_IOERR | 33 << 8
    private static let databaseMoved = SQLITE_READONLY | 4 << 8

    package var description: String {
        let statement = sql.map { ", in: \($0)" } ?? ""
        return "SQLite error \(extendedCode): \(message)\(statement)"
    }

    /// The last error of an open connection.
    static func last(of handle: OpaquePointer, sql: String?) -> SQLiteError {
        let code = sqlite3_extended_errcode(handle)
        // For other errors it is the errno of some earlier one.
        let isOfSystem = [SQLITE_IOERR, SQLITE_CANTOPEN].contains(code & 0xff)
        return SQLiteError(
            extendedCode: code, message: String(cString: sqlite3_errmsg(handle)), sql: sql,
            systemErrorNumber: isOfSystem ? sqlite3_system_errno(handle) : 0)
    }
}
