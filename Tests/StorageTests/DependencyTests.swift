import Domain
import SQLite
import Storage
import Testing

/// A job runs when what it needs has ended, ends when that can no longer be, and is never forgotten in between.
@Suite struct DependencyTests {
    private func need(_ job: JobID, _ kind: Need.Kind = .afterOK) -> Need { Need(kind, .job(job)) }

    private func submit(_ fixture: Fixture, needs: [Need], deadline: Timestamp? = nil) async throws -> JobID {
        try await fixture.submit(NewJob(specification: "{}", deadline: deadline, needs: needs))
    }

    private func state(_ fixture: Fixture, _ job: JobID) async throws -> String {
        let record = try await fixture.reader.job(job).job
        let rest = record.pendingReason?.rawValue ?? record.failure?.code ?? ""
        return rest.isEmpty ? record.state.rawValue : "\(record.state.rawValue) \(rest)"
    }

    private enum End: String, CaseIterable {
        case completed, failed, lastAttempt, timeout, cancelled, cancelledWithBatch, deadline
    }

    /// Ends the only job of `fixture` that can run, or `job` itself.
    private func end(_ fixture: Fixture, _ job: JobID, _ how: End) async throws {
        let failure = JobFailure(code: "model-error", message: "the server answered 500")
        let store = fixture.store
        switch how {
        case .completed:
            let claim = try await fixture.claim().claim
            _ = try await store.settleJob(
                claim, .completed(Outcome(answer: "", end: .answered, reward: nil)), now: morning)
        case .failed: _ = try await store.settleJob(fixture.claim().claim, .failed(failure), now: morning)
        case .timeout: _ = try await store.settleJob(fixture.claim().claim, .timeout(failure), now: morning)
        case .lastAttempt:
            let release = Release(.none, failure: failure)
            while try await store.releaseJob(fixture.claim().claim, release, now: morning) == .released {}
        case .cancelled: _ = try await store.cancelJob(job, by: alice, now: morning)
        case .cancelledWithBatch:
            _ = try await store.cancelJobs(CancelFilter(batch: BatchID(1)), by: alice, now: morning)
        case .deadline: _ = try await store.wakeDue(now: morning.advanced(byMilliseconds: 10))
        }
    }

    @Test(arguments: End.allCases)
    private func `every way in which a job ends moves those that need it, in the same transaction`(how: End)
        async throws
    {
        let fixture = try await Fixture()
        let store = fixture.store
        let batch = try await store.beginBatch(queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        let deadline = how == .deadline ? morning.advanced(byMilliseconds: 5) : nil
        try await store.appendJobs(
            [NewJob(line: 1, customID: "a", specification: "{}", deadline: deadline)], to: batch, now: morning)
        _ = try await store.commitBatch(
            batch, sha256: String(repeating: "a", count: 64), allowDuplicate: false, now: morning)
        let first = JobID(1)
        let ok = try await submit(fixture, needs: [need(first)])
        let any = try await submit(fixture, needs: [need(first, .afterAny)])
        let grandchild = try await submit(fixture, needs: [need(ok)])
        let afterGrandchild = try await submit(fixture, needs: [need(grandchild, .afterAny)])
        #expect(try await state(fixture, ok) == "pending Dependency")
        #expect(try await fixture.reader.openNeeds(of: grandchild) == [ok])
        try await end(fixture, first, how)
        #expect(try await state(fixture, any) == "pending Priority")
        if how == .completed {
            #expect(try await state(fixture, ok) == "pending Priority")
            #expect(try await state(fixture, grandchild) == "pending Dependency")
        } else {
            #expect(try await state(fixture, ok) == "cancelled dependency-failed")
            #expect(try await state(fixture, grandchild) == "cancelled dependency-failed")
            #expect(try await state(fixture, afterGrandchild) == "pending Priority")
            let message = try await fixture.reader.job(grandchild).job.failure?.message
            #expect(message == "job \(ok), which had to complete first, was cancelled")
        }
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    @Test func `what had ended before counts at once`() async throws {
        let fixture = try await Fixture()
        let done = try await fixture.complete(1)
        let failed = try await fixture.submit()
        try await end(fixture, failed, .failed)
        #expect(try await state(fixture, submit(fixture, needs: [need(done)])) == "pending Priority")
        #expect(try await state(fixture, submit(fixture, needs: [need(failed, .afterAny)])) == "pending Priority")
        #expect(
            try await state(fixture, submit(fixture, needs: [need(done), need(failed)]))
                == "cancelled dependency-failed")
    }

    @Test func `a job of two kinds of need for another one takes the stricter`() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.submit()
        let both = try await submit(fixture, needs: [need(first), need(first, .afterAny)])
        let turned = try await submit(fixture, needs: [need(first, .afterAny), need(first)])
        try await end(fixture, first, .cancelled)
        #expect(try await state(fixture, both) == "cancelled dependency-failed")
        #expect(try await state(fixture, turned) == "cancelled dependency-failed")
    }

    @Test func `not-before holds after the need, and a deadline before it`() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.submit()
        let later = morning.advanced(byMilliseconds: 1_000)
        let parked = try await fixture.submit(
            NewJob(specification: "{}", notBefore: later, needs: [need(first)]))
        let late = try await submit(fixture, needs: [need(first)], deadline: later)
        let afterLate = try await submit(fixture, needs: [need(late)])
        #expect(try await fixture.store.nextWake() == later)
        try await end(fixture, first, .completed)
        #expect(try await state(fixture, parked) == "pending NotBefore")
        _ = try await fixture.store.claim(now: morning)
        let waiting = try await fixture.submit()
        let tooLate = try await submit(fixture, needs: [need(waiting)], deadline: later)
        #expect(try await fixture.store.wakeDue(now: later).expired == [tooLate])
        #expect(try await state(fixture, parked) == "pending Priority")
        #expect(try await state(fixture, afterLate) == "pending Dependency")
    }

    @Test func `the lines of a batch wait for earlier ones and a broken chain ends as a whole`() async throws {
        let fixture = try await Fixture()
        let outside = try await fixture.submit()
        let store = fixture.store
        let batch = try await store.beginBatch(queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        var lines = [NewJob(line: 1, customID: "l1", specification: "{}")]
        for line in Int64(2)...2_500 {
            lines.append(
                NewJob(
                    line: line, customID: "l\(line)", specification: "{}",
                    needs: [Need(.afterOK, .line("l\(line - 1)")), need(outside, .afterAny)]))
        }
        try await store.appendJobs(lines, to: batch, now: morning)
        _ = try await store.commitBatch(
            batch, sha256: String(repeating: "a", count: 64), allowDuplicate: false, now: morning)
        #expect(try await state(fixture, JobID(2)) == "pending Priority")
        #expect(try await state(fixture, JobID(2_501)) == "pending Dependency")
        #expect(try await fixture.reader.openNeeds(of: JobID(2_501)) == [outside, JobID(2_500)])
        _ = try await store.cancelJob(JobID(2), by: alice, now: morning)
        #expect(try await fixture.reader.batch(batch).counts == [.cancelled: 2_500])
        #expect(try await state(fixture, outside) == "pending Priority")
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    @Test func `a batch whose first line comes too late ends at its commit`() async throws {
        let fixture = try await Fixture()
        let failed = try await fixture.submit()
        try await end(fixture, failed, .failed)
        let store = fixture.store
        let batch = try await store.beginBatch(queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        try await store.appendJobs(
            [
                NewJob(line: 1, customID: "a", specification: "{}", needs: [need(failed)]),
                NewJob(line: 2, customID: "b", specification: "{}", needs: [Need(.afterOK, .line("a"))]),
                NewJob(line: 3, customID: "c", specification: "{}", needs: [Need(.afterAny, .line("b"))]),
            ], to: batch, now: morning)
        _ = try await store.commitBatch(
            batch, sha256: String(repeating: "a", count: 64), allowDuplicate: false, now: morning)
        #expect(try await fixture.reader.batch(batch).counts == [.cancelled: 2, .pending: 1])
        #expect(try await fixture.claim().claim.job == JobID(4))
    }

    @Test func `needs that are not there are named`() async throws {
        let fixture = try await Fixture()
        await #expect(throws: StorageError.noSuchJob(JobID(9))) { try await submit(fixture, needs: [need(JobID(9))]) }
        let batch = try await fixture.store.beginBatch(
            queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        await #expect(throws: StorageError.noSuchLine(customID: "b")) {
            try await fixture.store.appendJobs(
                [NewJob(line: 1, customID: "a", specification: "{}", needs: [Need(.afterOK, .line("b"))])], to: batch,
                now: morning)
        }
        let mine = try await fixture.submit()
        #expect(try await fixture.store.unknownNeeds([mine, JobID(9)], of: alice.uid) == [JobID(9)])
        #expect(try await fixture.store.unknownNeeds([mine], of: 1001) == [mine])
        #expect(try await fixture.store.unknownNeeds([mine], of: nil) == [])
        let many = Array(repeating: need(mine), count: Need.limit + 1)
        await #expect(throws: StorageError.tooMany(what: "jobs that one job needs", limit: Need.limit)) {
            try await submit(fixture, needs: many)
        }
    }

    @Test func `a crash forgets no dependency`() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.submit()
        let second = try await submit(fixture, needs: [need(first)])
        _ = try await fixture.claim()
        let after = try Fixture(crashed: fixture)
        #expect(try await after.claim().claim.job == first)
        #expect(try await after.store.claim(now: morning) == nil)
        #expect(try await state(after, second) == "pending Dependency")
    }

    @Test func `a job that waits for nothing is a difference in the books`() async throws {
        let fixture = try await Fixture()
        let first = try await fixture.submit()
        let second = try await submit(fixture, needs: [need(first)])
        try fixture.directory.rawConnection().execute("DELETE FROM dependency")
        let differences = try await fixture.reader.verifyBooks().differences
        #expect(differences.map(\.check) == [.dependencies])
        #expect(differences.map(\.subject) == ["job \(second)"])
    }
}
