import Domain
import Glibc
import SQLite
import Storage
import Testing

/// Somebody moves, removes or replaces a file of the state, while londid runs or between two of its starts: nothing may be
/// acknowledged into a file that no start will find, and no empty state may take the place of a lost one.
@Suite struct StatePlaceTests {
    enum Deed: String, CaseIterable, Sendable {
        case moved, removed, replaced

        func hit(_ path: String) throws {
            switch self {
            case .moved: try #require(rename(path, "\(path).elsewhere") == 0)
            case .removed: try #require(unlink(path) == 0)
            case .replaced:
                // The old file keeps its inode, so that the new one cannot get it.
                try #require(rename(path, "\(path).elsewhere") == 0)
                let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
                try #require(descriptor >= 0)
                close(descriptor)
            }
        }
    }

    static let names = ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm", "lock", "state.seal"]

    @Test(arguments: names, Deed.allCases)
    func `a file of the state that goes stops every acknowledgement`(name: String, deed: Deed) async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let path = "\(fixture.directory.path)/\(name)"
        try deed.hit(path)
        let reason = deed == .replaced ? "another file lies there" : errnoIndependent
        let moved = StorageError.moved(path: path, reason: reason)
        await #expect(throws: moved) { try await fixture.submit() }
        #expect(fixture.store.health.fatalError == moved)
        await #expect(throws: moved) { try await fixture.store.checkpoint() }
        await #expect(throws: moved) { try await fixture.store.claim(now: morning) }
        #expect(moved.description.contains(path))
    }

    private let errnoIndependent = "it is missing"

    /// It would be noticed at the next commit; until then an idle londid looks by itself.
    @Test func `an idle store notices it when it looks`() async throws {
        let fixture = try await Fixture()
        try fixture.store.checkPlace()
        try Deed.moved.hit(fixture.directory.databasePath)
        let moved = StorageError.moved(path: fixture.directory.databasePath, reason: "it is missing")
        #expect(throws: moved) { try fixture.store.checkPlace() }
        #expect(fixture.store.health.fatalError == moved)
    }

    /// An answer that needs no write is an acknowledgement too.
    @Test func `a submission that was accepted before is not confirmed from an orphan`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit(NewJob(specification: "{}", idempotencyKey: "k"))
        try Deed.moved.hit(fixture.directory.databasePath)
        await #expect(throws: StorageError.self) {
            try await fixture.submit(NewJob(specification: "{}", idempotencyKey: "k"))
        }
    }

    @Test func `a whole directory that goes is noticed`() async throws {
        let fixture = try await Fixture()
        let elsewhere = fixture.directory.path + "-elsewhere"
        try #require(rename(fixture.directory.path, elsewhere) == 0)
        await #expect(throws: StorageError.self) { try await fixture.submit() }
        try #require(rename(elsewhere, fixture.directory.path) == 0)
    }

    /// What was acknowledged before must not go with the file that somebody removed.
    @Test(arguments: Deed.allCases) func `what was acknowledged is copied when the database goes`(deed: Deed)
        async throws
    {
        let fixture = try await Fixture()
        for _ in 1...5 { try await fixture.submit() }
        try deed.hit(fixture.directory.databasePath)
        await #expect(throws: StorageError.self) { try await fixture.submit() }
        let copy = "\(fixture.directory.databasePath).rescued-1"
        #expect(await fixture.store.rescue() == .copied(path: copy))
        #expect(fixture.directory.mode("state.sqlite.rescued-1") == 0o600)

        let place = TemporaryDirectory()
        place.write(fixture.directory.read("state.sqlite.rescued-1"), to: "copy")
        _ = try await Restoration.restore("\(place.path)/copy", into: place.path, now: morning)
        let reader = try Store(directory: place.path, now: morning).makeReader()
        #expect(try await reader.jobs(JobFilter()).count >= 5)
        #expect(try await reader.verifyBooks().differences == [])
    }

    /// A log without a name is still open, so all of it can be moved into the database.
    @Test func `what was acknowledged is in the database when its log was removed`() async throws {
        let fixture = try await Fixture()
        for _ in 1...5 { try await fixture.submit() }
        try Deed.removed.hit("\(fixture.directory.databasePath)-wal")
        await #expect(throws: StorageError.self) { try await fixture.submit() }
        #expect(await fixture.store.rescue() == .inPlace)
        let place = TemporaryDirectory()
        place.write(fixture.directory.read("state.sqlite"), to: "state.sqlite")
        for name in ["state.seal", "lock"] { place.write(fixture.directory.read(name), to: name) }
        let reader = try Store(directory: place.path, now: morning).makeReader()
        #expect(try await reader.jobs(JobFilter()).count >= 5)
    }

    /// A directory as an ended londid leaves it, with some of its files alone.
    private func remains(_ names: [String], emptied: Bool = false) async throws -> TemporaryDirectory {
        let fixture = try await Fixture()
        try await fixture.submit()
        let place = TemporaryDirectory()
        for name in names { place.write(fixture.directory.read(name), to: name) }
        if emptied { place.write([], to: "state.sqlite") }
        return place
    }

    @Test(arguments: ["state.seal", "lock", "state.sqlite-wal"], [true, false])
    func `no state is made where something tells of a lost one`(trace: String, isEmptied: Bool) async throws {
        let place = try await remains([trace], emptied: isEmptied)
        let before = place.read(trace)
        for _ in 1...2 {
            #expect(
                throws: StorageError.lost(
                    path: place.databasePath,
                    reason: "is \(isEmptied ? "empty" : "missing"), and \(trace) beside it tells of another one")
            ) { try Store(directory: place.path, now: morning) }
        }
        if trace != "lock" { #expect(place.read(trace) == before) }
    }

    @Test func `a backup can be restored where the state was lost`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let file = try await Backups(store: fixture.store).make()
        let place = try await remains(["state.seal", "lock", "state.sqlite-wal"])
        place.write(try file.read(at: 0, count: Int(file.byteCount)), to: "copy")
        _ = try await Restoration.restore("\(place.path)/copy", into: place.path, now: morning)
        let reader = try Store(directory: place.path, now: morning).makeReader()
        #expect(try await reader.jobs(JobFilter()).count == 1)
    }

    /// A start that fails before there is a state must not keep the next one from making it.
    @Test func `a start that came to nothing leaves no trace`() throws {
        let place = TemporaryDirectory()
        let broken = Migration(name: "0001_initial", sql: "CREATE TABLE half (a); CREATE TABLE half (a);")
        #expect(throws: StorageError.self) { try Store(directory: place.path, now: morning, migrations: [broken]) }
        for name in ["state.sqlite", "state.sqlite-wal", "state.sqlite-shm"] { unlink("\(place.path)/\(name)") }
        #expect(try Store(directory: place.path, now: morning).epoch == Epoch(1))
    }

    @Test(arguments: ["state.sqlite", "state.sqlite-wal"]) func `a state with a second name is refused`(name: String)
        async throws
    {
        let place = try await remains(["state.sqlite", "state.sqlite-wal"])
        let other = TemporaryDirectory()
        try #require(link("\(place.path)/\(name)", "\(other.path)/\(name)") == 0)
        for directory in name == "state.sqlite" ? [place, other] : [place] {
            #expect {
                try Store(directory: directory.path, now: morning)
            } throws: { error in
                guard case .linked(let path, let reason, let remedy) = error as? StorageError else { return false }
                return path == "\(directory.path)/\(name)" && reason.hasPrefix("has 2 names")
                    && remedy.contains("-samefile")
            }
        }
        unlink("\(other.path)/\(name)")
        #expect(try Store(directory: place.path, now: morning).epoch == Epoch(2))
    }

    @Test func `a symbolic link to a state is refused`() async throws {
        let place = try await remains(["state.sqlite", "state.sqlite-wal"])
        let other = TemporaryDirectory()
        try #require(symlink(place.databasePath, other.databasePath) == 0)
        #expect {
            try Store(directory: other.path, now: morning)
        } throws: { error in
            guard case .linked(_, let reason, _) = error as? StorageError else { return false }
            return reason.hasPrefix("is a symbolic link")
        }
    }
}
