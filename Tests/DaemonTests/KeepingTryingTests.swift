import Domain
import Episodes
import Generation
import Glibc
import PowerLoss
import Storage
import Synchronization
import Testing

@testable import Daemon

/// What was generated is kept until it can be recorded: a job that is cancelled meanwhile has used it no less.
@Suite(.timeLimit(.minutes(5))) struct KeepingTrying {
    private static let log = Log(threshold: .error)

    /// A store that is full until told otherwise, and tells of each try.
    private final class FullDisk: Sendable {
        private let isFull = Mutex(true)
        private let stream = AsyncStream<Void>.makeStream()
        var tries: AsyncStream<Void> { stream.stream }

        func makeRoom() { isFull.withLock { $0 = false } }

        func write() throws -> Int {
            stream.continuation.yield()
            guard !isFull.withLock({ $0 }) else { throw StorageError.diskFull(path: "/s") }
            return 7
        }
    }

    @Test func `a cancelled task goes on trying until there is room`() async throws {
        let disk = FullDisk()
        let shutdown = Shutdown(board: ChangeBoard())
        let task = Task { try await keepingTrying(Self.log, "job 1", shutdown) { try disk.write() } }
        var tries = disk.tries.makeAsyncIterator()
        await tries.next()
        task.cancel()
        // A drain lets it try, too: only the abort ends it.
        shutdown.advance(to: .draining)
        await tries.next()
        disk.makeRoom()
        #expect(try await task.value == 7)
    }

    @Test func `the daemon's abort ends the tries`() async throws {
        let disk = FullDisk()
        let shutdown = Shutdown(board: ChangeBoard())
        let task = Task { try await keepingTrying(Self.log, "job 1", shutdown) { try disk.write() } }
        var tries = disk.tries.makeAsyncIterator()
        await tries.next()
        shutdown.advance(to: .aborting)
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test(arguments: [StorageError.syncFailed(path: "/s", reason: "r"), .corrupt(path: "/s", reason: "r")])
    func `what does not pass is thrown at once`(error: StorageError) async throws {
        let count = Mutex(0)
        await #expect(throws: error) {
            try await keepingTrying(Self.log, "job 1", Shutdown(board: ChangeBoard())) {
                count.withLock { $0 += 1 }
                throw error
            }
        }
        #expect(count.withLock { $0 } == 1)
    }

    /// The same with a real store on a disk that is full: the end of the step is in the books, settled.
    @Test func `a cancelled job's step is booked when room returns`() async throws {
        let (place, image) = (try TemporaryState(), try TemporaryState())
        let disk = try #require(londi_disk_create("keeping-trying", 1))
        defer { londi_disk_free(disk) }
        let now = Timestamp(milliseconds: 1_795_000_000_000)
        try await Self.suffer(disk, in: place.directory, now: now)
        #expect(londi_disk_cut(disk, image.directory) == 0)
        let reader = try Store(directory: image.directory, now: now).makeReader()
        #expect(try await reader.job(JobID(1)).job.state == .cancelled)
        let books = try await reader.verifyBooks()
        #expect(books.differences.isEmpty)
        // The step that was held back, as measured, and not at its reservation's worst case.
        #expect(try await reader.steps(JobID(1)).map(\.generated?.generatedTokens) == [60])
    }

    /// One DEEPTHINK step whose end meets a full disk, whose job is cancelled, and which gets room then.
    private static func suffer(_ disk: OpaquePointer, in directory: String, now: Timestamp) async throws {
        let store = try Store(directory: directory, now: now, fileSystem: "keeping-trying")
        let queue = try QueueName("q")
        let user = User(uid: 1000, name: "ann")
        try await store.createQueue(queue, QueueSettings(timeZone: "UTC"), by: user, now: now)
        let job = try await store.submitJob(NewJob(specification: "{}"), queue: queue, submitter: user, now: now).job
        let claim = try #require(try await store.claim(now: now)).claim
        let board = ChangeBoard()
        let context = StoreRecorder.Context(
            claim: claim, zone: try Zone("UTC"), quickModel: "small", deepthinkModel: "large", pairKey: "p")
        let recorder = StoreRecorder(
            store: store, context: context, clock: WallClock(), board: board, writings: WritingBoard(),
            shutdown: Shutdown(board: board), log: log
        )
        _ = try await recorder.begin(
            stepAt: 0, worstCase: Spend(calls: 1, tokens: 500, gpuMilliseconds: 9_000), draft: nil
        ) { _, _ in .write(Decision(role: .deepthink), features: [1]) }
        _ = try await store.cancelJob(job, by: user, now: now)
        let generated = Generated(
            text: "4", stopReason: .paragraph, promptTokens: 100, cachedTokens: 40, generatedTokens: 60,
            gpuMilliseconds: 1_500, logProbabilities: nil)
        let written = londi_disk_count(disk, Int32(LONDI_WRITE.rawValue))
        londi_disk_fail(disk, Int32(LONDI_WRITE.rawValue), 1, 1_000_000, 13)
        let finishing = Task {
            try await recorder.finish(stepAt: 0, role: .deepthink, generated: generated, confirmsDraft: nil)
        }
        while londi_disk_count(disk, Int32(LONDI_WRITE.rawValue)) == written { await Task.yield() }
        finishing.cancel()
        londi_disk_fail(disk, Int32(LONDI_WRITE.rawValue), 1, 0, 0)
        try await finishing.value
    }
}
