import Domain
import Foundation
import Glibc
import SQLite
import Storage
import Testing

/// Opening decides whether what is there may be touched at all: a wrong yes here costs users their books.
@Suite struct OpeningTests {
    @Test func `a fresh state is private to its owner`() throws {
        let directory = TemporaryDirectory()
        let nested = "\(directory.path)/state"
        do {
            let store = try Store(directory: nested, now: morning)
            #expect(store.epoch == Epoch(1))
            #expect(directory.mode("state") == 0o700)
            #expect(directory.mode("state/state.sqlite") == 0o600)
            #expect(directory.mode("state/state.sqlite-wal") == 0o600)
            #expect(directory.mode("state/lock") == 0o600)
        }
        TemporaryDirectory.remove(nested)
    }

    /// SQLite takes an empty file for a new database, and throws away the log of another that lies beside it.
    @Test(arguments: [true, false])
    func `a database that has vanished is not begun anew beside its log`(isEmptied: Bool) throws {
        let directory = TemporaryDirectory()
        if isEmptied { directory.write([], to: "state.sqlite") }
        directory.write(Array("log".utf8), to: "state.sqlite-wal")
        #expect {
            try Store(directory: directory.path, now: morning)
        } throws: { error in
            guard case .lost(directory.databasePath, let reason) = error as? StorageError else { return false }
            return reason.hasPrefix(isEmptied ? "is empty" : "is missing")
        }
        #expect(directory.read("state.sqlite-wal") == Array("log".utf8))
    }

    @Test func `a second londid on the same state is refused and told who has it`() throws {
        let directory = TemporaryDirectory()
        let store = try Store(directory: directory.path, now: morning)
        #expect(throws: StorageError.inUse(path: directory.path, processID: currentProcessID)) {
            try Store(directory: directory.path, now: morning)
        }
        #expect(store.epoch == Epoch(1))
    }

    /// A child that a killed londid was just starting has a copy of the lock until it executes its program.
    @Test func `a lock that goes at once is waited for`() throws {
        let directory = TemporaryDirectory()
        let descriptor = open("\(directory.path)/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0 && flock(descriptor, LOCK_EX) == 0)
        // A thread of its own: the shared ones may all be busy with other tests for longer than the lock is waited for.
        Thread.detachNewThread {
            usleep(100_000)
            close(descriptor)
        }
        #expect(try Store(directory: directory.path, now: morning).epoch == Epoch(1))
    }

    @Test(.timeLimit(.minutes(5))) func `each opening is a new epoch and keeps what was there`() async throws {
        let directory = TemporaryDirectory()
        for epoch in 1...3 {
            let store = try await Self.openWhenFree(directory)
            #expect(store.epoch == Epoch(Int64(epoch)))
            try await store.createQueue(QueueName("q\(epoch)"), QueueSettings(), by: admin, now: morning)
            #expect(try await store.makeReader().queues().count == epoch)
        }
    }

    /// The store of the turn before goes with its last reference, and its lock once no child of another test, caught between
    /// vfork and exec, has a copy of its descriptor.
    private static func openWhenFree(_ directory: TemporaryDirectory) async throws -> Store {
        while true {
            do throws(StorageError) { return try Store(directory: directory.path, now: morning) } catch {
                guard case .inUse = error else { throw error }
            }
            await Task.yield()
        }
    }

    @Test func `a directory that others can write to is refused`() {
        let directory = TemporaryDirectory()
        directory.setMode(0o777)
        #expect(throws: StorageError.insecureDirectory(path: directory.path, mode: 0o777)) {
            try Store(directory: directory.path, now: morning)
        }
    }

    @Test func `a file that is no database is refused and left alone`() {
        let directory = TemporaryDirectory()
        let bytes = Array(String(repeating: "these are my notes, not yours. ", count: 100).utf8)
        directory.write(bytes, to: "state.sqlite")
        #expect(throws: StorageError.corrupt(path: directory.databasePath, reason: "file is not a database")) {
            try Store(directory: directory.path, now: morning)
        }
        #expect(directory.read("state.sqlite") == bytes)
    }

    @Test func `another program's database is refused`() throws {
        let directory = TemporaryDirectory()
        directory.write([], to: "state.sqlite")
        try directory.rawConnection().execute("CREATE TABLE recipes (name TEXT)")
        #expect(
            throws: StorageError.corrupt(
                path: directory.databasePath, reason: "its tables are not londid's: it has recipes")
        ) { try Store(directory: directory.path, now: morning) }
    }

    @Test func `a new migration is applied once, after a copy of the old database`() async throws {
        let directory = TemporaryDirectory()
        let next = Migration(name: "9999_notes", sql: "CREATE TABLE note (text TEXT NOT NULL) STRICT;")
        do {
            let store = try Store(directory: directory.path, now: morning)
            try await store.createQueue(QueueName("maths"), QueueSettings(), by: admin, now: morning)
        }
        for _ in 1...2 {
            _ = try Store(directory: directory.path, now: morning, migrations: Migration.compiledIn + [next])
        }
        try directory.rawConnection().execute("INSERT INTO note VALUES ('here')")

        let copy = TemporaryDirectory()
        copy.write(directory.read("state.sqlite.before-9999_notes"), to: "state.sqlite")
        let old = try Store(directory: copy.path, now: morning)
        #expect(try await old.makeReader().queues().map(\.name.text) == ["maths"])
        #expect(directory.mode("state.sqlite.before-9999_notes") == 0o600)
    }

    @Test func `a migration that fails leaves the database as it was`() throws {
        let directory = TemporaryDirectory()
        _ = try Store(directory: directory.path, now: morning)
        let broken = Migration(name: "9999_broken", sql: "CREATE TABLE half (a INTEGER) STRICT; CREATE TABLE job (b);")
        #expect(throws: StorageError.self) {
            try Store(directory: directory.path, now: morning, migrations: Migration.compiledIn + [broken])
        }
        _ = try Store(directory: directory.path, now: morning)
        #expect(throws: SQLiteError.self) { try directory.rawConnection().execute("SELECT * FROM half") }
    }

    @Test func `a newer schema is refused by name`() throws {
        let directory = TemporaryDirectory()
        let next = Migration(name: "9999_notes", sql: "CREATE TABLE note (text TEXT NOT NULL) STRICT;")
        _ = try Store(directory: directory.path, now: morning, migrations: Migration.compiledIn + [next])
        #expect(
            throws: StorageError.newerSchema(
                path: directory.databasePath, found: "9999_notes",
                known: Migration.compiledIn[Migration.compiledIn.count - 1].name)
        ) { try Store(directory: directory.path, now: morning) }
    }

    @Test func `an applied migration whose text changed is refused`() throws {
        let directory = TemporaryDirectory()
        _ = try Store(directory: directory.path, now: morning)
        let changed = Migration(name: "0001_initial", sql: Migration.compiledIn[0].sql + "\n-- afterthought\n")
        #expect(throws: StorageError.changedMigration(path: directory.databasePath, name: "0001_initial")) {
            try Store(directory: directory.path, now: morning, migrations: [changed])
        }
    }
}
