import Domain
import Storage
import Testing

/// Parts of a batch are cancelled a thousand at a time, so that nobody else waits for long.
@Suite struct CancelTests {
    private func batch(_ fixture: Fixture, count: Int64) async throws -> BatchID {
        let store = fixture.store
        let batch = try await store.beginBatch(queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        try await store.appendJobs(
            (1...count).map {
                NewJob(line: $0, customID: $0 % 2 == 0 ? "even-\($0)" : "Odd-\($0)", specification: "{}")
            },
            to: batch, now: morning)
        _ = try await store.commitBatch(
            batch, sha256: String(repeating: "a", count: 64), allowDuplicate: false, now: morning)
        return batch
    }

    @Test func `a batch is cancelled page by page, what runs included`() async throws {
        let fixture = try await Fixture()
        let batch = try await batch(fixture, count: 1_200)
        let claim = try await fixture.claim().claim
        let filter = CancelFilter(batch: batch)
        let first = try await fixture.store.cancelJobs(filter, by: alice, now: morning)
        #expect(first == CancelPage(count: 1_000, running: [claim.job], last: JobID(1_000)))
        let second = try await fixture.store.cancelJobs(filter, after: first.last, by: alice, now: morning)
        #expect(second == CancelPage(count: 200, running: [], last: nil))
        #expect(try await fixture.reader.batch(batch).counts == [.cancelled: 1_200])
        #expect(
            try await fixture.store.settleJob(claim, .failed(.init(code: "x", message: "y")), now: morning) == false)
        #expect(try await fixture.reader.verifyBooks().differences == [])
        let events = try await fixture.reader.adminEvents(limit: 2)
        #expect(events.map(\.detail) == ["200 jobs from 1001 to 1200", "1000 jobs from 1 to 1000"])
        #expect(try await fixture.store.cancelJobs(filter, by: alice, now: morning).count == 0)
    }

    @Test func `states and a pattern of custom ids choose a part`() async throws {
        let fixture = try await Fixture()
        let batch = try await batch(fixture, count: 10)
        _ = try await fixture.claim()
        let store = fixture.store
        let even = CancelFilter(batch: batch, customID: "even-[24]")
        #expect(try await store.cancelJobs(even, by: alice, now: morning).count == 2)
        #expect(
            try await store.cancelJobs(CancelFilter(batch: batch, customID: "odd-*"), by: alice, now: morning).count
                == 0)
        #expect(
            try await store.cancelJobs(CancelFilter(batch: batch, states: [.held]), by: alice, now: morning).count == 0)
        let pending = CancelFilter(batch: batch, states: [.pending, .held])
        #expect(try await store.cancelJobs(pending, by: alice, now: morning).count == 7)
        #expect(try await fixture.reader.batch(batch).counts == [.running: 1, .cancelled: 9])
    }
}
