import Control
import Domain
import Episodes
import PowerLoss
import Storage
import Testing

@testable import Daemon

/// A batch that came to nothing leaves nothing, also where the disk was full when it was dropped.
@Suite(.timeLimit(.minutes(5))) struct BatchRemovals {
    private static let line =
        #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{"messages":[{"role":"user","#
        + #""content":"x"}]},"londi":{"verifier":{"type":"feedback"}}}"#

    @Test func `what could not be dropped goes when there is room`() async throws {
        let (place, image) = (try TemporaryState(), try TemporaryState())
        let disk = try #require(londi_disk_create("batch-removal", 1))
        defer { londi_disk_free(disk) }
        let batch = try await Self.suffer(disk, in: place.directory)
        #expect(londi_disk_cut(disk, image.directory) == 0)
        let store = try Store(directory: image.directory, now: Timestamp(milliseconds: 0))
        #expect(store.recovery.abandonedBatches == 0)
        #expect(try await store.makeReader().batch(batch).jobCount == 0)
        #expect(try await store.removeDroppedJobs(limit: 1) == 0)
    }

    /// One batch whose client goes away while nothing can be written. Returns once it is gone.
    private static func suffer(_ disk: OpaquePointer, in directory: String) async throws -> BatchID {
        let store = try Store(directory: directory, now: Timestamp(milliseconds: 0), fileSystem: "batch-removal")
        let user = User(uid: 1000, name: "ann")
        let queue = try QueueName("maths")
        try await store.createQueue(queue, QueueSettings(), by: user, now: Timestamp(milliseconds: 0))
        let intake = BatchIntake(store: store, judge: Judge(commands: []), clock: WallClock())
        let shutdown = Shutdown(board: ChangeBoard())
        let removing = Task {
            try await intake.removeDropped(log: Log(threshold: .error), shutdown: shutdown)
        }
        let batch = try await intake.begin(
            queue: queue, submitter: user, fileName: nil, priority: 0, connection: ConnectionID(1))
        // The second call waits until the first one's line is stored.
        _ = try await intake.append([line], from: 1, to: batch, by: user)
        _ = try await intake.append([""], from: 2, to: batch, by: user)
        let written = londi_disk_count(disk, Int32(LONDI_WRITE.rawValue))
        londi_disk_fail(disk, Int32(LONDI_WRITE.rawValue), 1, 1_000_000, 13)
        await intake.connectionClosed(ConnectionID(1))
        #expect(londi_disk_count(disk, Int32(LONDI_WRITE.rawValue)) > written)
        londi_disk_fail(disk, Int32(LONDI_WRITE.rawValue), 1, 0, 0)
        while await !intake.undropped.isEmpty { await Task.yield() }
        while try await store.removeDroppedJobs(limit: 1) > 0 {}
        removing.cancel()
        try await removing.value
        return batch
    }
}
