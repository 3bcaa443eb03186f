import Domain
import Storage
import Testing

/// What was acknowledged exists, once; what was not leaves nothing.
@Suite struct SubmissionTests {
    let sha256 = String(repeating: "a", count: 64)

    func batch(_ fixture: Fixture, _ jobs: [NewJob], by user: User = alice) async throws -> BatchID {
        let batch = try await fixture.store.beginBatch(
            queue: fixture.queue, submitter: user, fileName: "problems.jsonl", now: morning)
        try await fixture.store.appendJobs(jobs, to: batch, now: morning)
        return batch
    }

    let three = (Int64(1)...3).map { (line: Int64) in
        NewJob(line: line, customID: "p\(line)", specification: "{\"n\":\(line)}")
    }

    @Test func `a batch is invisible until it is committed, and then complete`() async throws {
        let fixture = try await Fixture()
        let batch = try await batch(fixture, three)
        #expect(try await fixture.reader.jobs(JobFilter()) == [])
        #expect(try await fixture.store.claim(now: morning) == nil)

        let commit = try await fixture.store.commitBatch(batch, sha256: sha256, allowDuplicate: false, now: morning)
        #expect(commit == BatchCommit(batch: batch, jobCount: 3, isDuplicate: false))
        let record = try await fixture.reader.batch(batch)
        #expect(record.counts == [.pending: 3])
        #expect(record.fileName == "problems.jsonl")
        #expect(
            try await fixture.reader.results(of: [JobID(1), JobID(2), JobID(3)]).map(\.customID) == ["p1", "p2", "p3"])
    }

    @Test func `the same file of the same user in the same queue is the same batch`() async throws {
        let fixture = try await Fixture()
        let first = try await batch(fixture, three)
        _ = try await fixture.store.commitBatch(first, sha256: sha256, allowDuplicate: false, now: morning)
        let second = try await batch(fixture, three)
        let commit = try await fixture.store.commitBatch(second, sha256: sha256, allowDuplicate: false, now: morning)
        #expect(commit == BatchCommit(batch: first, jobCount: 3, isDuplicate: true))
        #expect(try await fixture.reader.jobs(JobFilter()).count == 3)

        let bob = try await batch(fixture, three, by: User(uid: 1001, name: "bob"))
        let bobs = try await fixture.store.commitBatch(bob, sha256: sha256, allowDuplicate: false, now: morning)
        #expect(!bobs.isDuplicate)
        let again = try await batch(fixture, three)
        let allowed = try await fixture.store.commitBatch(again, sha256: sha256, allowDuplicate: true, now: morning)
        #expect(allowed == BatchCommit(batch: again, jobCount: 3, isDuplicate: false))
        #expect(try await fixture.reader.batches(limit: 10).map(\.id) == [again, bob, first])
        #expect(try await fixture.reader.batches(uid: 1001, limit: 10).map(\.id) == [bob])
    }

    @Test func `a custom id given twice names both lines and stages nothing of the chunk`() async throws {
        let fixture = try await Fixture()
        let batch = try await batch(fixture, three)
        await #expect(throws: StorageError.duplicateCustomID("p2", firstLine: 2, line: 5)) {
            try await fixture.store.appendJobs(
                [
                    NewJob(line: 4, customID: "p4", specification: "{}"),
                    NewJob(line: 5, customID: "p2", specification: "{}"),
                ], to: batch, now: morning)
        }
        let commit = try await fixture.store.commitBatch(batch, sha256: sha256, allowDuplicate: false, now: morning)
        #expect(commit.jobCount == 3)
    }

    @Test func `a batch without jobs, an unknown one and a closed one are refused`() async throws {
        let fixture = try await Fixture()
        let empty = try await batch(fixture, [])
        await #expect(throws: StorageError.emptyBatch(empty)) {
            try await fixture.store.commitBatch(empty, sha256: sha256, allowDuplicate: false, now: morning)
        }
        await #expect(throws: StorageError.noSuchBatch(BatchID(99))) {
            try await fixture.store.appendJobs(three, to: BatchID(99), now: morning)
        }
        try await fixture.store.abandonBatch(empty)
        await #expect(throws: StorageError.batchNotOpen(empty, state: .abandoned)) {
            try await fixture.store.appendJobs(three, to: empty, now: morning)
        }
        await #expect(throws: StorageError.noSuchQueue(try QueueName("nowhere"))) {
            try await fixture.store.beginBatch(
                queue: QueueName("nowhere"), submitter: alice, fileName: nil, now: morning)
        }
    }

    @Test func `the same key of the same user is the same job`() async throws {
        let fixture = try await Fixture()
        let job = NewJob(specification: "{}", idempotencyKey: "once")
        let first = try await fixture.store.submitJob(job, queue: fixture.queue, submitter: alice, now: morning)
        let second = try await fixture.store.submitJob(job, queue: fixture.queue, submitter: alice, now: morning)
        #expect(!first.isDuplicate)
        #expect(second == Submission(job: first.job, batch: nil, isDuplicate: true))
        let bobs = try await fixture.store.submitJob(
            job, queue: fixture.queue, submitter: User(uid: 1001, name: "bob"), now: morning)
        #expect(bobs.job != first.job)
        await #expect(throws: StorageError.idempotencyKeyInUse("once", job: first.job)) {
            try await batch(fixture, [job])
        }
    }

    @Test func `a crash before the commit leaves no job and no open batch`() async throws {
        let fixture = try await Fixture()
        let batch = try await batch(fixture, three)
        let after = try Fixture(crashed: fixture)
        #expect(after.store.recovery.abandonedBatches == 1)
        #expect(try await after.reader.batch(batch).state == .abandoned)
        #expect(try await after.reader.jobs(JobFilter()) == [])
    }

    /// A million lines must not hold up the start, nor those who write meanwhile.
    @Test func `the jobs of dropped batches go page by page, those that wait for others first`() async throws {
        let fixture = try await Fixture()
        let chain = (Int64(1)...5).map { line in
            NewJob(
                line: line, customID: "p\(line)", specification: "{}",
                needs: line > 1 ? [Need(.afterOK, .line("p\(line - 1)"))] : [])
        }
        let dropped = try await batch(fixture, chain)
        try await fixture.store.abandonBatch(dropped)
        let cutOff = try await batch(fixture, chain)
        let after = try Fixture(crashed: fixture)
        #expect(after.store.recovery.abandonedBatches == 1)
        #expect(try await after.reader.jobs(JobFilter()) == [])
        var counts: [Int] = []
        repeat { counts.append(try await after.store.removeDroppedJobs(limit: 2)) } while counts.last != 0
        #expect(counts == [2, 2, 1, 2, 2, 1, 0])
        for id in [dropped, cutOff] { #expect(try await after.reader.batch(id).jobCount == 0) }
        for table in ["job", "payload", "dependency"] { #expect(try after.rowCount(table) == 0, "\(table)") }
    }

    @Test func `a job number is never given twice`() async throws {
        let fixture = try await Fixture()
        let batch = try await batch(fixture, three)
        try await fixture.store.abandonBatch(batch)
        #expect(try await fixture.submit() == JobID(4))
    }
}
