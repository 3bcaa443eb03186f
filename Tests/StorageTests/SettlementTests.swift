import Domain
import Storage
import Testing

/// A job ends once, by whoever owns it, and attempts are counted only where they are the job's.
@Suite struct SettlementTests {
    let failure = JobFailure(code: "model-error", message: "the server answered 500")

    @Test func `a completed job has its answer, outcome and end`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.complete(0.75)
        let detail = try await fixture.reader.job(job)
        #expect(detail.job.state == .completed)
        #expect(detail.job.reward == 0.75)
        #expect(detail.job.endedAt == morning)
        #expect(detail.answer == "4")
        #expect(detail.end == .answered)
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    /// One sync for both: a crash sees either the old job running and the next one waiting, or neither.
    @Test func `an end and the next claim are one transaction, and turns count`() async throws {
        let fixture = try await Fixture(QueueSettings(maxRunning: 1))
        let other = try QueueName("other")
        try await fixture.store.createQueue(other, QueueSettings(), by: admin, now: morning)
        let first = try await fixture.submit()
        try await fixture.submit()
        let third = try await fixture.submit(to: other)
        let held = try await fixture.claim()
        #expect(held.claim.job == first)
        let end = JobEnd.completed(Outcome(answer: "4", end: .answered, reward: nil))
        // The other queue's turn, although this one's next job is older.
        let next = try await fixture.store.settleJobAndClaim(held.claim, end, now: morning)
        #expect(next?.claim.job == third)
        #expect(try await fixture.reader.job(first).job.state == .completed)
        // The claim is no longer valid: nothing of the job changes, and its queue's place is free again.
        let last = try await fixture.store.settleJobAndClaim(held.claim, .failed(failure), now: morning)
        #expect(last?.queue == fixture.queue)
        #expect(try await fixture.reader.job(first).job.state == .completed)
        #expect(try await fixture.store.settleJobAndClaim(#require(next).claim, end, now: morning) == nil)
        let crashed = try Fixture(crashed: fixture)
        #expect(crashed.store.recovery.requeuedJobs == 1)
        #expect(try await crashed.reader.job(third).job.state == .completed)
    }

    @Test func `a failure that counts ends the job at the last attempt only`() async throws {
        let fixture = try await Fixture(QueueSettings(maxAttempts: 2))
        let job = try await fixture.submit()
        let release = Release(.none, failure: failure)
        #expect(try await fixture.store.releaseJob(fixture.claim().claim, release, now: morning) == .released)
        #expect(try await fixture.reader.job(job).job.failure == failure)
        #expect(try await fixture.store.releaseJob(fixture.claim().claim, release, now: morning) == .failed)
        let record = try await fixture.reader.job(job).job
        #expect(record.state == .failed)
        #expect(record.failedAttempts == 2)
        #expect(record.failure == failure)
    }

    /// A machine that crashes all day must not use up a job's attempts.
    @Test func `crashes and releases without failure never use up attempts`() async throws {
        var fixture = try await Fixture(QueueSettings(maxAttempts: 1))
        try await fixture.submit()
        for attempt in 1...4 {
            let job = try await fixture.claim()
            #expect(job.claim.attempt == Int64(attempt * 2 - 1))
            #expect(try await fixture.store.releaseJob(job.claim, Release(.none), now: morning) == .released)
            _ = try await fixture.claim()
            fixture = try Fixture(crashed: fixture)
        }
        #expect(try await fixture.claim().failedAttempts == 0)
    }

    /// Nothing polls: what only reservations keep from DEEPTHINK is woken by their end, and by nothing before.
    @Test func `a job that waits for a reservation goes on at its end`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1)))
        let store = fixture.store
        for _ in 1...3 { try await fixture.submit() }
        let first = try await fixture.claim().claim
        let begun = try await store.beginStep(fixture.start(first)) { _, _ in
            .write(Decision(role: .deepthink), features: [])
        }
        guard case .begun(let step, _, _) = begun else { throw NothingToClaim() }
        let tomorrow = Timestamp(milliseconds: morning.milliseconds + 86_400_000)
        for _ in 1...2 {
            let claim = try await fixture.claim().claim
            #expect(
                try await store.releaseJob(claim, Release(.budgetReserved(until: tomorrow)), now: morning) == .released)
        }
        #expect(try await store.claim(now: morning) == nil)
        #expect(try await store.nextWake() == tomorrow)
        #expect(try await store.finishStep(step, first, generated(), now: morning) == .settled)
        let second = try await fixture.claim().claim
        // Nobody reserves any more: whoever would wait now would wait for nothing.
        #expect(
            try await store.releaseJob(second, Release(.budgetReserved(until: tomorrow)), now: morning) == .released)
        #expect(try await fixture.claim().claim.job == second.job)
        #expect(try await fixture.claim().claim.job != second.job)
    }

    @Test func `a stale claim changes nothing`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let old = try await fixture.claim().claim
        _ = try await fixture.store.releaseJob(old, Release(.none), now: morning)
        let current = try await fixture.claim().claim
        let outcome = Outcome(answer: "late", end: .answered, reward: 1)
        #expect(try await fixture.store.settleJob(old, .completed(outcome), now: morning) == false)
        #expect(try await fixture.store.releaseJob(old, Release(.none, failure: failure), now: morning) == .stale)
        let begun = try await fixture.store.beginStep(fixture.start(old)) { _, _ in
            .write(Decision(role: .quick), features: [])
        }
        #expect(begun == .superseded)
        let step = try await fixture.writeStep(current, role: .quick)
        #expect(try await fixture.store.finishStep(step, old, generated(), now: morning) == .stale)
        #expect(try await fixture.store.settleJob(current, .completed(outcome), now: morning))
        #expect(try await fixture.store.settleJob(current, .completed(outcome), now: morning) == false)
    }

    @Test func `a cancelled job stops its runner but books the step it was in`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1)))
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        guard
            case .begun(let step, _, _) = try await fixture.store.beginStep(
                fixture.start(claim), choose: { _, _ in .write(Decision(role: .deepthink), features: []) })
        else { throw NothingToClaim() }
        #expect(try await fixture.store.cancelJob(job, by: alice, now: morning) == .running)
        #expect(try await fixture.store.cancelJob(job, by: alice, now: morning) == .cancelled)
        #expect(
            try await fixture.store.beginStep(
                fixture.start(claim, index: 1), choose: { _, _ in .write(Decision(role: .quick), features: []) })
                == .superseded)
        #expect(try await fixture.store.finishStep(step, claim, generated(), now: morning) == .settled)
        let budget = try await fixture.reader.budgets([fixture.queue: today])[0].budget
        #expect(budget.spent == Spend(calls: 1, tokens: 160, gpuMilliseconds: 1_500))
        #expect(budget.reserved == .zero)
        #expect(try await fixture.reader.verifyBooks().differences == [])
        #expect(try await fixture.reader.adminEvents(limit: 1).map(\.action) == ["job.cancel"])
    }

    @Test func `cancelling finds waiting jobs, and unknown ones are an error`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.submit()
        #expect(try await fixture.store.cancelJob(job, by: alice, now: morning) == .pending)
        #expect(try await fixture.store.claim(now: morning) == nil)
        await #expect(throws: StorageError.noSuchJob(JobID(77))) {
            try await fixture.store.cancelJob(JobID(77), by: alice, now: morning)
        }
    }

    @Test func `a job that its budget holds wakes at the turn of the day or when the budget changes`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 0), onBudget: .hold))
        let job = try await fixture.submit()
        let midnight = morning.advanced(byMilliseconds: 40_000)
        let hold = Release(.budgetExhausted(until: midnight))
        _ = try await fixture.store.releaseJob(fixture.claim().claim, hold, now: morning)
        let held = try await fixture.reader.job(job).job
        #expect(held.state == .held)
        #expect(held.pendingReason == .budgetExhausted)
        #expect(try await fixture.reader.queue(fixture.queue).heldCount == 1)
        #expect(try await fixture.store.nextWake() == midnight)

        let more = QueueSettings(limits: BudgetLimits(calls: 3), onBudget: .hold)
        try await fixture.store.setQueue(fixture.queue, more, by: admin, now: morning)
        _ = try await fixture.store.releaseJob(fixture.claim().claim, hold, now: morning)
        #expect(try await fixture.store.wakeDue(now: midnight).wokenCount == 1)
        #expect(try await fixture.claim(now: midnight).claim.job == job)
    }
}
