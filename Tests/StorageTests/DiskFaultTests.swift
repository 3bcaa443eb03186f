import Domain
import SQLite
import Storage
import Testing

/// Each write, truncation and sync of a history fails once, and then all from there on. What was acknowledged stays, what
/// was refused left nothing, and a passing fault passes. `LONDI_EVERY_FAULT=1` tries every operation instead of every 13th.
@Suite struct DiskFaultTests {
    private static let stride = environmentNumber("LONDI_EVERY_FAULT") == 1 ? 1 : 13
    private static let commandCount = 40

    /// SQLite's codes: a full disk, a failed write, a failed truncation, a failed sync.
    private static let full: Int32 = 13
    private static let badWrite: Int32 = 10 | 3 << 8
    private static let badTruncation: Int32 = 10 | 6 << 8
    private static let badSync: Int32 = 10 | 4 << 8

    /// A kind of operation that fails, and how often in a row.
    struct Fault: CustomTestStringConvertible {
        var operation: PowerDisk.Operation
        var code: Int32
        var count: Int

        var testDescription: String { "\(operation) fails with \(code), \(count) in a row" }
    }

    private static let passing = [
        Fault(operation: .write, code: full, count: 1), Fault(operation: .write, code: badWrite, count: 1),
        Fault(operation: .write, code: full, count: 40), Fault(operation: .truncate, code: badTruncation, count: 1),
    ]

    @Test(.timeLimit(.minutes(10)), arguments: passing)
    func `the store goes on after a fault that passes`(fault: Fault) async throws {
        var refusalCount = 0
        var first = 1
        while true {
            let disk = PowerDisk(seed: 1)
            disk.fail(fault.operation, first: first, count: fault.count, code: fault.code)
            var history = try StoreHistory(seed: 1, disk: disk)
            var created = false
            while history.commandCount < Self.commandCount {
                do {
                    if history.store == nil { try await history.open() }
                    if !created { try await history.createQueue() }
                    created = true
                    try await history.next()
                } catch let error as StorageError {
                    try #require(error.isPassing, "operation \(first): \(error)")
                    refusalCount += 1
                }
            }
            let image = disk.image()
            let broken = try await history.promises.broken(in: image.path)
            // The directory goes with its last reference.
            withExtendedLifetime(image) {}
            #expect(broken.isEmpty, "operation \(first): \(broken.prefix(5))")
            if first > disk.count(fault.operation) { break }
            first += Self.stride
        }
        #expect(refusalCount > 0)
    }

    @Test(.timeLimit(.minutes(10)))
    func `after a failed sync nothing is written any more and the next start has all that was acknowledged`()
        async throws
    {
        var first = 1
        var fatalCount = 0
        while true {
            let disk = PowerDisk(seed: 2)
            disk.fail(.sync, first: first, code: Self.badSync)
            var history = try StoreHistory(seed: 2, disk: disk)
            var failure: StorageError?
            do {
                try await history.open()
                try await history.createQueue()
                while history.commandCount < Self.commandCount { try await history.next() }
            } catch let error as StorageError { failure = error }
            let isReached = disk.count(.sync) >= first
            if isReached {
                guard case .syncFailed? = failure ?? history.store?.health.fatalError else {
                    Issue.record("sync \(first): \(String(describing: failure))")
                    break
                }
                fatalCount += 1
                if let store = history.store {
                    let writes = disk.count(.write)
                    let again = await #expect(throws: StorageError.self) {
                        try await store.submitJob(
                            NewJob(specification: "{}"), queue: history.queue, submitter: alice, now: morning)
                    }
                    #expect(again == store.health.fatalError)
                    #expect(disk.count(.write) == writes)
                }
            }
            let image = disk.image()
            let broken = try await history.promises.broken(in: image.path)
            // The directory goes with its last reference.
            withExtendedLifetime(image) {}
            #expect(broken.isEmpty, "sync \(first): \(broken.prefix(5))")
            if !isReached { break }
            first += 1
        }
        #expect(fatalCount > 10)
    }

    @Test func `each of SQLite's errors is told apart by whether it can pass`() {
        func kind(_ code: Int32) -> SQLiteError.Kind { SQLiteError(extendedCode: code, message: "", sql: nil).kind }
        #expect(kind(Self.full) == .full)
        #expect(kind(Self.badWrite) == .inputOutput)
        #expect(kind(Self.badSync) == .syncFailed)
        #expect(kind(10 | 5 << 8) == .syncFailed)
        #expect(kind(8) == .readOnly)
        #expect(kind(8 | 4 << 8) == .moved)
        #expect(kind(14) == .cannotOpen)
        #expect(kind(11) == .corrupt)
        #expect(kind(26) == .corrupt)
        #expect(StorageError.fault(path: "/s", reason: "r").isPassing)
        #expect(!StorageError.syncFailed(path: "/s", reason: "r").isPassing)
        #expect(StorageError.syncFailed(path: "/s", reason: "r").isFatal)
        #expect(StorageError.corrupt(path: "/s", reason: "r").isFatal)
    }

    /// The log is moved after 1000 pages, and begins anew where no reader holds it.
    @Test(.timeLimit(.minutes(5))) func `the log stays short under many commits`() async throws {
        let fixture = try await Fixture()
        for _ in 1...1_500 { try await fixture.submit(NewJob(specification: String(repeating: "x", count: 3_000))) }
        let bytes = fixture.directory.read("state.sqlite-wal").count
        #expect(bytes < 1_200 * 4_120, "\(bytes) bytes")
        #expect(fixture.directory.read("state.sqlite").count > 4_000_000)
    }
}
