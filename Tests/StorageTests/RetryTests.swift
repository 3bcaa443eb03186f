import Domain
import Storage
import Testing

/// A job that came to nothing gets another chance, and what its first one took stays in the books.
@Suite struct RetryTests {
    private let failure = JobFailure(code: "model-error", message: "the server answered 500")

    private func fail(_ fixture: Fixture, role: Role = .deepthink) async throws -> Claim {
        let claim = try await fixture.claim().claim
        try await fixture.writeStep(claim, role: role)
        _ = try await fixture.store.settleJob(claim, .failed(failure), now: morning)
        return claim
    }

    @Test func `a retried job begins a new episode and keeps the old one`() async throws {
        let fixture = try await Fixture(QueueSettings(maxAttempts: 1))
        let job = try await fixture.submit()
        let old = try await fail(fixture)
        #expect(try await fixture.store.retryJobs([job], by: alice, now: morning) == 1)
        let waiting = try await fixture.reader.job(job).job
        #expect(waiting.state == .pending && waiting.pendingReason == .priority)
        #expect(waiting.failure == nil && waiting.endedAt == nil && waiting.startedAt == nil)
        #expect(waiting.failedAttempts == 0)
        #expect(try await fixture.reader.verifyBooks().differences == [])

        let again = try await fixture.claim()
        #expect(again.claim.episode != old.episode)
        #expect(again.claim.attempt == 2)
        #expect(again.steps == [])
        let late = Outcome(answer: "late", end: .answered, reward: 1)
        #expect(try await fixture.store.settleJob(old, .completed(late), now: morning) == false)
        try await fixture.writeStep(again.claim, role: .quick)
        let outcome = Outcome(answer: "4", end: .answered, reward: 1)
        #expect(try await fixture.store.settleJob(again.claim, .completed(outcome), now: morning))
        #expect(try await fixture.reader.job(job).answer == "4")
        #expect(try await fixture.reader.steps(job).map(\.episodeNumber) == [1, 2])
        #expect(try await fixture.reader.roleUse(job)[.deepthink]?.callCount == 1)
        #expect(try await fixture.reader.verifyBooks().differences == [])
        #expect(try await fixture.reader.adminEvents(limit: 1).map(\.action) == ["job.retry"])
    }

    /// Who else writes waits for it, so it must not walk the many jobs of a queue or a user that were answered.
    @Test(
        arguments: [
            (RetryFilter(), false, "job_unanswered"), (RetryFilter(), true, "job_unanswered"),
            (RetryFilter(uid: 7, includesCancelled: true), true, "job_unanswered"),
            (RetryFilter(batch: BatchID(1), uid: 7), false, "job_of_batch"),
        ])
    func `a retry of many searches the index of those that came to nothing`(
        filter: RetryFilter, isOfQueue: Bool, index: String
    ) async throws {
        let fixture = try await Fixture()
        var filter = filter
        if isOfQueue { filter.queue = fixture.queue }
        let plan = try fixture.plan(of: Store.selection(filter).sql + " AND id > 1 ORDER BY id")
        #expect(plan == ["SEARCH job USING INDEX \(index) (\(index == "job_of_batch" ? "batch=? AND " : "")id>?)"])
    }

    @Test func `only what came to nothing is retried, all of a list or none`() async throws {
        let fixture = try await Fixture()
        let done = try await fixture.complete(1)
        let failed = try await fixture.submit()
        _ = try await fail(fixture)
        let waiting = try await fixture.submit()
        let cancelled = try await fixture.submit()
        _ = try await fixture.store.cancelJob(cancelled, by: alice, now: morning)
        for (job, complaint, remedy) in [
            (done, "is completed", "only jobs without an answer are retried"),
            (waiting, "is pending", "wait for its end, or cancel it"),
            (cancelled, "was cancelled", "retry it with --cancelled"),
        ] {
            await #expect(throws: StorageError.jobNotRetryable(job, complaint: complaint, remedy: remedy)) {
                try await fixture.store.retryJobs([failed, job], by: alice, now: morning)
            }
        }
        #expect(try await fixture.reader.job(failed).job.state == .failed)
        let both = [failed, cancelled]
        #expect(try await fixture.store.retryJobs(both, includesCancelled: true, by: alice, now: morning) == 2)
        await #expect(throws: StorageError.noSuchJob(JobID(99))) {
            try await fixture.store.retryJobs([JobID(99)], by: alice, now: morning)
        }
    }

    @Test func `a deadline that has passed needs a new one`() async throws {
        let fixture = try await Fixture()
        let deadline = morning.advanced(byMilliseconds: 10)
        let job = try await fixture.submit(NewJob(specification: "{}", deadline: deadline))
        _ = try await fixture.store.wakeDue(now: deadline)
        let refusal = StorageError.jobNotRetryable(
            job, complaint: "has a deadline that has passed", remedy: "give a new one with --deadline")
        await #expect(throws: refusal) { try await fixture.store.retryJobs([job], by: alice, now: deadline) }
        await #expect(throws: refusal) { try await fixture.store.requireFutureDeadlines(RetryFilter(), now: deadline) }
        #expect(try await fixture.store.retryJobs(RetryFilter(), by: alice, now: deadline).count == 0)
        let later = deadline.advanced(byMilliseconds: 10)
        #expect(try await fixture.store.retryJobs([job], deadline: later, by: alice, now: deadline) == 1)
        #expect(try await fixture.reader.job(job).job.deadline == later)
        #expect(try await fixture.store.wakeDue(now: later).expired == [job])
    }

    @Test func `a filter retries in pages, by batch, queue and user`() async throws {
        let fixture = try await Fixture()
        let store = fixture.store
        let other = try QueueName("physics")
        try await store.createQueue(other, QueueSettings(), by: admin, now: morning)
        let batch = try await store.beginBatch(queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        try await store.appendJobs(
            (Int64(1)...1_500).map { NewJob(line: $0, customID: "l\($0)", specification: "{}") }, to: batch,
            now: morning)
        _ = try await store.commitBatch(
            batch, sha256: String(repeating: "a", count: 64), allowDuplicate: false, now: morning)
        try await fixture.submit()
        try await fixture.submit(to: other)
        while let job = try await store.claim(now: morning) {
            _ = try await store.settleJob(job.claim, .failed(failure), now: morning)
        }
        #expect(try await store.retryJobs(RetryFilter(uid: 7), by: alice, now: morning).count == 0)
        let first = try await store.retryJobs(RetryFilter(batch: batch), by: alice, now: morning)
        #expect(first == RetryPage(count: 1_000, last: JobID(1_000)))
        let second = try await store.retryJobs(RetryFilter(batch: batch), after: first.last, by: alice, now: morning)
        #expect(second == RetryPage(count: 500, last: nil))
        #expect(try await fixture.reader.batch(batch).counts == [.pending: 1_500])
        #expect(try await store.retryJobs(RetryFilter(queue: other), by: alice, now: morning).count == 1)
        #expect(try await store.retryJobs(RetryFilter(uid: alice.uid), by: alice, now: morning).count == 1)
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    @Test func `a chain is retried from its first broken link`() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.submit()
        let second = try await fixture.submit(NewJob(specification: "{}", needs: [Need(.afterOK, .job(first))]))
        let third = try await fixture.submit(NewJob(specification: "{}", needs: [Need(.afterOK, .job(second))]))
        _ = try await fail(fixture)
        await #expect(
            throws: StorageError.jobNotRetryable(
                second, complaint: "needs job \(first), which is failed", remedy: "retry that one first, or with it")
        ) { try await fixture.store.retryJobs([second], includesCancelled: true, by: alice, now: morning) }
        // Without `includesCancelled` the jobs that fell with the first stay cancelled.
        #expect(try await fixture.store.retryJobs(RetryFilter(), by: alice, now: morning).count == 1)
        #expect(try await fixture.reader.job(second).job.state == .cancelled)
        let all = RetryFilter(includesCancelled: true)
        #expect(try await fixture.store.retryJobs(all, by: alice, now: morning).count == 2)
        #expect(try await fixture.reader.job(second).job.pendingReason == .dependency)
        #expect(try await fixture.reader.job(third).job.pendingReason == .dependency)
        for job in [first, second, third] {
            let claim = try await fixture.claim().claim
            #expect(claim.job == job)
            let outcome = Outcome(answer: "", end: .answered, reward: nil)
            _ = try await fixture.store.settleJob(claim, .completed(outcome), now: morning)
        }
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }
}
