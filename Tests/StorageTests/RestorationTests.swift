import Domain
import Glibc
import SQLite
import Storage
import Testing

/// A backup is worth what its restore is worth.
@Suite struct RestorationTests {
    /// Writes a copy of a store's state to a path.
    private func backUp(_ store: Store, to path: String) async throws {
        let file = try await Backups(store: store).make()
        let bytes = try file.read(at: 0, count: Int(file.byteCount))
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
        try #require(descriptor >= 0 && write(descriptor, bytes, bytes.count) == bytes.count)
        close(descriptor)
    }

    @Test(.timeLimit(.minutes(5))) func `a restored backup has what was there, and keeps what it replaced`()
        async throws
    {
        let (original, place, shelf) = (try await Fixture(), TemporaryDirectory(), TemporaryDirectory())
        let job = try await original.complete(1, role: .deepthink)
        try await backUp(original.store, to: "\(shelf.path)/copy")
        #expect(original.directory.read("backup.partial-1").isEmpty)
        try await original.submit()
        let report = try await Restoration.check("\(shelf.path)/copy")
        #expect(report.books.entryCount == 1)

        // A crash left the other state with a log, which must not be taken for the restored one's.
        let image = original.directory.crashImage()
        for name in ["state.sqlite", "state.sqlite-wal"] { place.write(image.read(name), to: name) }
        let restored = try await Restoration.restore("\(shelf.path)/copy", into: place.path, now: morning)
        #expect(restored.previousPath == "\(place.databasePath).before-restore-1")
        #expect(place.read("state.sqlite.before-restore-1") == image.read("state.sqlite"))
        #expect(place.read("state.sqlite.before-restore-1-wal") == image.read("state.sqlite-wal"))
        let reader = try Store(directory: place.path, now: morning).makeReader()
        #expect(try await reader.jobs(JobFilter()).map(\.id) == [job])
        #expect(try await reader.verifyBooks().differences.isEmpty)
    }

    @Test func `an unsound backup is refused and the state left alone`() async throws {
        let (original, shelf) = (try await Fixture(), TemporaryDirectory())
        try await original.complete(1, role: .deepthink)
        try await backUp(original.store, to: "\(shelf.path)/copy")
        let raw = try Connection(path: "\(shelf.path)/copy", mode: .readWrite)
        try raw.execute("DROP TRIGGER ledger_entry_never_changes; UPDATE ledger_entry SET generated_tokens = 1")
        let place = TemporaryDirectory()
        await #expect(throws: StorageError.self) {
            try await Restoration.restore("\(shelf.path)/copy", into: place.path, now: morning)
        }
        #expect(place.read("state.sqlite").isEmpty)
    }

    /// From the point of no return on, the next start finishes what was cut off between any two steps.
    @Test(.timeLimit(.minutes(5)), arguments: 0...3)
    func `a restore that was cut off is finished by the next start`(moved: Int) async throws {
        let (original, shelf, place) = (try await Fixture(), TemporaryDirectory(), TemporaryDirectory())
        let job = try await original.submit()
        try await backUp(original.store, to: "\(shelf.path)/copy")
        let other = try await Fixture(queue: "other").directory.crashImage()
        for name in ["state.sqlite", "state.sqlite-wal"] { place.write(other.read(name), to: name) }
        place.write([], to: "state.sqlite-shm")
        place.write(shelf.read("copy"), to: "state.sqlite.restored-1")
        for suffix in ["", "-wal", "-shm"].prefix(moved) {
            let name = place.databasePath
            try #require(rename(name + suffix, "\(name).before-restore-1\(suffix)") == 0)
        }
        let reader = try Store(directory: place.path, now: morning).makeReader()
        #expect(try await reader.jobs(JobFilter()).map(\.id) == [job])
        #expect(place.read("state.sqlite.before-restore-1") == other.read("state.sqlite"))
        #expect(place.read("state.sqlite.before-restore-1-wal") == other.read("state.sqlite-wal"))
    }
}
