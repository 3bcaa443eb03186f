import Domain
import Glibc
import SQLite
import Storage
import Testing

/// A log that is deleted after a kill takes the newest commits with it, and what is left agrees with itself: only the note
/// beside the database tells.
@Suite struct StateNoteTests {
    /// The files of a killed londid.
    private func killed(_ fixture: Fixture, without gone: String? = nil) -> TemporaryDirectory {
        let place = TemporaryDirectory()
        for name in ["state.sqlite", "state.sqlite-wal", "state.seal", "lock"] where name != gone {
            place.write(fixture.directory.read(name), to: name)
        }
        return place
    }

    private func isOutdated(_ error: any Error, saying words: String) -> Bool {
        guard case .outdated(_, let reason) = error as? StorageError else { return false }
        return reason.contains(words)
    }

    @Test func `a killed londid goes on with its log`() async throws {
        let fixture = try await Fixture()
        try await fixture.complete(1)
        let place = killed(fixture)
        let store = try Store(directory: place.path, now: morning)
        #expect(store.epoch == Epoch(2))
        #expect(store.missing == nil)
        #expect(try await store.makeReader().jobs(JobFilter()).count == 1)
    }

    @Test func `a state whose log was deleted after a kill is refused`() async throws {
        let fixture = try await Fixture()
        try await fixture.store.checkpoint()
        for _ in 1...5 { try await fixture.submit() }
        let place = killed(fixture, without: "state.sqlite-wal")
        let reason = "its last is commit 1 of start 1, and commit 6 of start 1 was noted"
        // The doctor says it without a start.
        #expect(try await StateGlance.missing(in: place.path) == reason)
        for _ in 1...2 {
            #expect(throws: StorageError.outdated(path: place.databasePath, reason: reason)) {
                try Store(directory: place.path, now: morning)
            }
        }
        // The remedy: the log is put back.
        place.write(fixture.directory.read("state.sqlite-wal"), to: "state.sqlite-wal")
        let reader = try Store(directory: place.path, now: morning).makeReader()
        #expect(try await reader.jobs(JobFilter()).count == 5)
    }

    /// Each acknowledgement counts, whatever it was about.
    @Test func `every commit is noted before it is acknowledged`() async throws {
        let fixture = try await Fixture()
        var position = "commit 1 of start 1"
        func check(_ deed: String) async throws {
            let place = killed(fixture, without: "state.sqlite-wal")
            #expect {
                try Store(directory: place.path, now: morning)
            } throws: { isOutdated($0, saying: "its last is \(position)") }
            try await fixture.store.checkpoint()
            let whole = killed(fixture, without: "state.sqlite-wal")
            #expect(try Store(directory: whole.path, now: morning).epoch == Epoch(2), "\(deed)")
            let number = position.split(separator: " ")[1]
            position = "commit \((Int(number) ?? 0) + 1) of start 1"
        }
        try await fixture.store.checkpoint()
        let job = try await fixture.submit()
        try await check("submit")
        _ = try await fixture.store.cancelJob(job, by: alice, now: morning)
        try await check("cancel")
        try await fixture.store.setQueue(fixture.queue, QueueSettings(maxSteps: 3), by: admin, now: morning)
        try await check("queue set")
        try await fixture.submit()
        try await check("submit")
        _ = try await fixture.claim()
        try await check("claim")
    }

    @Test func `an older copy that was put back by hand is refused`() async throws {
        let fixture = try await Fixture()
        let file = try await Backups(store: fixture.store).make()
        try await fixture.submit()
        let place = killed(fixture, without: "state.sqlite-wal")
        place.write(try file.read(at: 0, count: Int(file.byteCount)), to: "state.sqlite")
        #expect {
            try Store(directory: place.path, now: morning)
        } throws: { isOutdated($0, saying: "was noted") }
    }

    /// Two starts of an older copy are ahead of the note by their number, and lack its entries all the same.
    @Test func `another history with more starts is refused by its seals`() async throws {
        let fixture = try await Fixture()
        let early = killed(fixture)
        try await fixture.complete(1)
        for _ in 1...3 { _ = try Store(directory: early.path, now: morning) }
        let place = TemporaryDirectory()
        for name in ["state.sqlite", "state.sqlite-wal"] { place.write(early.read(name), to: name) }
        place.write(fixture.directory.read("state.seal"), to: "state.seal")
        #expect {
            try Store(directory: place.path, now: morning)
        } throws: { isOutdated($0, saying: "ledger entry 1 was noted with the seal") }
    }

    @Test func `an administrator can go on with what there is, and that is recorded`() async throws {
        let fixture = try await Fixture()
        try await fixture.store.checkpoint()
        try await fixture.submit()
        let place = killed(fixture, without: "state.sqlite-wal")
        do {
            let store = try Store(directory: place.path, now: morning, acceptsOlder: true)
            #expect(store.missing?.contains("commit 2 of start 1 was noted") == true)
            let event = try await store.makeReader().adminEvents(limit: 1)[0]
            #expect(event.action == "state.accept")
            #expect(event.detail == store.missing)
            #expect(try await store.makeReader().verifyBooks().differences == [])
        }
        #expect(try Store(directory: place.path, now: morning).missing == nil)
    }

    @Test func `a restored backup begins a note of its own and keeps the old one`() async throws {
        let fixture = try await Fixture()
        let file = try await Backups(store: fixture.store).make()
        for _ in 1...5 { try await fixture.submit() }
        let place = killed(fixture)
        let note = place.read("state.seal")
        place.write(try file.read(at: 0, count: Int(file.byteCount)), to: "copy")
        _ = try await Restoration.restore("\(place.path)/copy", into: place.path, now: morning)
        #expect(place.read("state.sqlite.before-restore-1-seal") == note)
        #expect(try Store(directory: place.path, now: morning).missing == nil)
        #expect(try Store(directory: place.path, now: morning).missing == nil)
    }

    /// A power cut can tear the page that was being written; the other is whole.
    @Test(arguments: [0, 4_096]) func `a torn page leaves the other`(page: Int) async throws {
        let fixture = try await Fixture()
        try await fixture.store.checkpoint()
        try await fixture.submit()
        try await fixture.submit()
        let place = killed(fixture, without: "state.sqlite-wal")
        var note = place.read("state.seal")
        #expect(note.count == 8_192)
        note[page + 20] ^= 1
        place.write(note, to: "state.seal")
        #expect {
            try Store(directory: place.path, now: morning)
        } throws: { isOutdated($0, saying: "was noted") }
    }

    @Test func `a note that cannot be read at all stops nobody`() async throws {
        let fixture = try await Fixture()
        let place = killed(fixture)
        place.write(Array("nonsense".utf8), to: "state.seal")
        #expect(try Store(directory: place.path, now: morning).missing == nil)
    }

    /// The commit is durable without it, so nobody is refused; the doctor says it.
    @Test func `a note that cannot be written is told and stops nobody`() async throws {
        let place = TemporaryDirectory()
        try #require(mkdir("\(place.path)/state.seal", 0o700) == 0)
        defer { rmdir("\(place.path)/state.seal") }
        let store = try Store(directory: place.path, now: morning)
        try await store.createQueue(QueueName("maths"), QueueSettings(), by: admin, now: morning)
        #expect(await store.noteFault != nil)
    }
}
