internal import Blocking
internal import Domain
internal import SQLite

/// Everything that only looks at the state, on a connection that cannot write. It sees what was committed before each
/// call. Functions are in extensions, one file per subject.
package actor StoreReader {
    let database: Database

    private let executor = BlockingExecutor(label: "londi.storage.reader")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter isForAudits: long readings end with `.cancelled` soon after their task is cancelled.
    init(
        path: String, mode: Connection.Mode = .readOnly, health: StoreHealth?, isForAudits: Bool = false
    ) throws(StorageError) {
        let database = try Database(path: path, mode: mode, health: health)
        try database.execute("PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA query_only = ON;")
        if isForAudits { database.endsWhenCancelled() }
        self.database = database
    }
}
