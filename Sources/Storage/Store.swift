internal import Blocking
package import Domain
internal import SQLite

/// Everything of Londi that survives a restart. The one writer: each function that changes something is one durable
/// transaction, on the disk before it returns. Functions are in extensions, one file per part of a job's life.
///
/// It runs on a thread of its own, because SQLite and the disk block.
package actor Store {
    /// The start of londid that this store belongs to.
    package nonisolated let epoch: Epoch
    /// What opening found and repaired.
    package nonisolated let recovery: RecoveryReport
    package nonisolated let directory: String
    /// Says when the state must not be used any more.
    package nonisolated let health: StoreHealth
    /// What the state lacked of what was noted beside it, where that was accepted; nil where it lacked nothing.
    package nonisolated let missing: String?
    /// Looks whether the state's files are where they were.
    package nonisolated let watch: StateWatch

    let database: Database
    /// The queues that are not paused; nil where they must be read anew. A claim would else read them each time.
    var knownQueues: [(name: QueueName, settings: QueueSettings)]?
    /// Whose turn it is to give a job. In memory: a start of londid serves all queues anew.
    var turns = FairTurns()
    /// The user of each queue who was given a job last.
    var servedUsers: [QueueName: UInt32] = [:]
    /// The outcomes through which a version of a queue's policy is being learnt.
    var learningThrough: [QueueName: Int64] = [:]
    /// What is to be said about budgets and was not taken yet.
    var notices: [BudgetNotice] = []

    private let state: StateDirectory
    private let executor = BlockingExecutor(label: "londi.storage")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Opens the state in a directory, making both where they are missing: takes the directory's lock, migrates the
    /// database, opens the next epoch and recovers what the last one left. Blocks the caller meanwhile.
    /// - Parameters:
    ///   - fileSystem: the name of a registered SQLite VFS, for tests; nil: the system's.
    ///   - acceptsOlder: goes on with a state that is older than its note, and records that; else it is refused.
    package init(
        directory: String, now: Timestamp, migrations: [Migration] = Migration.compiledIn, fileSystem: String? = nil,
        acceptsOlder: Bool = false
    ) throws(StorageError) {
        let state = try StateDirectory(path: directory, for: fileSystem == nil ? .use : .otherFileSystem)
        let health = StoreHealth()
        let database = try Database(
            path: state.databasePath, mode: .readWrite, fileSystem: fileSystem, health: health)
        // FULL: a step of a language model costs far more than an fsync. The log is cut after a large import.
        try database.execute(
            """
            PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;
            PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA journal_size_limit = 67108864;
            """)
        // The switch to a log used a rollback journal. If its deletion were lost to a power cut, a later start would roll
        // the database back to an empty one.
        try StateDirectory.synchronize(state.path)
        database.takeOverCheckpoints()
        let missing = try StateNote.read(state.notePath)?.missing(in: database, at: StateMark.load(database))
        if let missing, !acceptsOlder { throw .outdated(path: state.databasePath, reason: missing) }
        try Migrator(migrations: migrations, directory: state).migrate(database, now: now)
        (epoch, recovery) = try Recovery(database: database).run(now: now, accepting: missing)
        let onDisk = ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "lock"]
        let note = StateNote(path: state.notePath, directory: state.path)
        note.write(try StateMark.load(database))
        watch = try StateWatch(state, onDisk + ["state.seal"], needed: fileSystem == nil ? Set(onDisk) : [])
        database.stateGuard = StateGuard(epoch: epoch.number, watch: watch, note: note)
        state.noteOpened()
        self.missing = missing
        self.state = state
        self.health = health
        self.database = database
        self.directory = directory
    }

    /// A read-only view on a connection and a thread of its own, which never waits for the writer.
    package nonisolated func makeReader() throws(StorageError) -> StoreReader {
        try StoreReader(path: "\(directory)/state.sqlite", health: health)
    }

    /// A reader for what looks at much of the database: apart from `makeReader`'s, so that nobody waits for it, and its
    /// functions end with `.cancelled` soon after their task is cancelled.
    package nonisolated func makeAuditReader() throws(StorageError) -> StoreReader {
        try StoreReader(path: "\(directory)/state.sqlite", health: health, isForAudits: true)
    }

    /// Moves the write-ahead log into the database file, for a clean end. Not needed for safety.
    package func checkpoint() throws(StorageError) {
        try database.checkpoint()
    }

    /// Runs `body` as one transaction.
    func transaction<Result>(_ body: () throws(StorageError) -> Result) throws(StorageError) -> Result {
        try database.transaction(body)
    }

    /// Records who changed what.
    func recordEvent(
        _ action: String, subject: String, detail: String, by user: User, now: Timestamp
    ) throws(StorageError) {
        try database.recordEvent(action, subject: subject, detail: detail, by: user, now: now)
    }
}

extension Database {
    /// As `Store.recordEvent`, for a database that is nobody's state yet.
    func recordEvent(
        _ action: String, subject: String, detail: String, by user: User, now: Timestamp
    ) throws(StorageError) {
        let sequence = try insert(
            into: "admin_event",
            [
                "at_ms": now.milliseconds, "uid": user.uid, "user": user.name, "action": action, "subject": subject,
                "detail": detail,
            ])
        let event = AdminEvent(
            sequence: sequence, at: now, user: user, action: action, subject: subject, detail: detail)
        try EventSeal.append(event, to: self)
    }
}
