import Domain
import Storage
import Testing

/// `kill -9` at any moment: nothing acknowledged is lost, nothing written is written again, no budget is exceeded.
@Suite struct RecoveryTests {
    @Test func `a job found running goes on after the steps it has`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.submit()
        let old = try await fixture.claim().claim
        try await fixture.writeStep(old, index: 0, role: .quick, text: "one")
        try await fixture.writeStep(old, index: 1, role: .deepthink, text: "two")
        _ = try await fixture.store.beginStep(fixture.start(old, index: 2)) { _, _ in
            .write(Decision(role: .quick), features: [])
        }

        let after = try Fixture(crashed: fixture)
        #expect(
            after.store.recovery
                == RecoveryReport(requeuedJobs: 1, settledReservations: 0, abandonedSteps: 1, abandonedBatches: 0))
        let again = try await after.claim()
        #expect(again.claim == Claim(job: job, episode: old.episode, attempt: 2, epoch: after.store.epoch))
        #expect(again.steps.map(\.generated.text) == ["one", "two"])
        #expect(again.steps.map(\.role) == [.quick, .deepthink])
        try await after.writeStep(again.claim, index: 2, role: .quick, text: "three")
        let outcome = Outcome(answer: "onetwothree", end: .answered, reward: 1)
        #expect(try await after.store.settleJob(again.claim, .completed(outcome), now: morning))
        #expect(try await after.reader.steps(job).map(\.state) == [.written, .written, .abandoned, .written])
        #expect(try await after.reader.verifyBooks().differences == [])
    }

    @Test func `an open reservation is charged at its bound, on the day it began`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1)))
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        _ = try await fixture.store.beginStep(fixture.start(claim)) { _, _ in
            .write(Decision(role: .deepthink), features: [])
        }
        let after = try Fixture(crashed: fixture)
        #expect(after.store.recovery.settledReservations == 1)
        let budget = try await after.reader.budgets([after.queue: today])[0].budget
        #expect(budget.spent == bound)
        #expect(budget.reserved == .zero)
        #expect(budget.mask(for: bound) == .calls)
        #expect(try await after.reader.verifyBooks().differences == [])
    }

    @Test func `a writer of an earlier epoch changes nothing`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let old = try await fixture.claim().claim
        guard
            case .begun(let step, _, _) = try await fixture.store.beginStep(
                fixture.start(old), choose: { _, _ in .write(Decision(role: .deepthink), features: []) })
        else { throw NothingToClaim() }
        let after = try Fixture(crashed: fixture)
        let before = try await after.reader.verifyBooks()
        #expect(try await after.store.finishStep(step, old, generated(), now: morning) == .stale)
        #expect(try await after.store.abandonStep(step, old, .unknown, now: morning) == .stale)
        #expect(
            try await after.store.settleJob(
                old, .completed(Outcome(answer: "", end: .answered, reward: 1)), now: morning) == false)
        #expect(try await after.store.releaseJob(old, Release(.none), now: morning) == .stale)
        #expect(try await after.reader.verifyBooks() == before)
    }

    @Test func `a step of a cancelled job that never ended is charged too`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        _ = try await fixture.store.beginStep(fixture.start(claim)) { _, _ in
            .write(Decision(role: .deepthink), features: [])
        }
        _ = try await fixture.store.cancelJob(job, by: alice, now: morning)
        let after = try Fixture(crashed: fixture)
        #expect(after.store.recovery.requeuedJobs == 0)
        #expect(after.store.recovery.settledReservations == 1)
        #expect(try await after.reader.job(job).job.state == .cancelled)
        #expect(try await after.reader.verifyBooks().differences == [])
    }
}
