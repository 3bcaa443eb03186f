import Domain
import SQLite
import Storage
import Testing

/// What QUICK drafts is booked in the transaction that decides, whether it becomes the step or not.
@Suite struct DraftBookTests {
    private static let later = Timestamp(milliseconds: morning.milliseconds + 500)

    private static func start(_ fixture: Fixture, _ claim: Claim, index: Int = 0, text: String = "draft") -> StepStart {
        var start = fixture.start(claim, index: index)
        start.draft = StepDraft(generated: generated(text), startedAt: morning)
        start.now = later
        return start
    }

    private static func spend(_ fixture: Fixture) async throws -> (quick: Spend, deepthink: Spend) {
        let row = try await fixture.reader.spendWithTotal(SpendFilter(days: today...today), by: []).total
        return (row.quick, row.deepthink)
    }

    @Test func `a kept draft is a written step at once, with its decision and its entry`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        let decision = Decision(role: .quick, propensity: 0.75, isExploration: true, seed: 9, policyVersion: 3)
        let begun = try await fixture.store.beginStep(Self.start(fixture, claim)) { _, _ in
            .write(decision, features: [1, 2])
        }
        guard case .begun(let step, decision, _) = begun else { throw NotBegun(step: begun) }
        let record = try await fixture.reader.steps(job)[0]
        #expect(record.state == .written && record.draft == .kept && record.decision == decision)
        #expect(record.generated == generated("draft") && record.features == [1, 2])
        #expect(record.startedAt == morning && record.endedAt == Self.later)
        #expect(try await Self.spend(fixture).quick == generated().spend)
        #expect(try await fixture.store.finishStep(step, claim, generated(), now: morning) == .stale)
        #expect(try await fixture.reader.verifyBooks().differences == [])
        let after = try Fixture(crashed: fixture)
        #expect(try await after.claim().steps.map(\.generated.text) == ["draft"])
    }

    @Test func `a replaced draft stays in the books beside DEEPTHINK's step`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1)))
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        let begun = try await fixture.store.beginStep(Self.start(fixture, claim)) { _, _ in
            .write(Decision(role: .deepthink, propensity: 0.5, seed: 9), features: [1])
        }
        guard case .begun(let step, _, _) = begun else { throw NotBegun(step: begun) }
        #expect(try await fixture.reader.verifyBooks().differences == [])
        #expect(try await Self.spend(fixture).quick == generated().spend)
        _ = try await fixture.store.finishStep(step, claim, generated("4"), confirmsDraft: false, now: Self.later)
        let steps = try await fixture.reader.steps(job)
        #expect(steps.map(\.confirmsDraft) == [nil, false])
        #expect(steps.map(\.draft) == [.replaced, nil])
        #expect(steps.map(\.state) == [.abandoned, .written])
        #expect(steps.map(\.index) == [0, 0])
        #expect(steps.map(\.generated?.text) == ["draft", "4"])
        let use = try await fixture.reader.roleUse(job)
        #expect(use[.quick]?.callCount == 1 && use[.quick]?.stepCount == 0)
        #expect(use[.deepthink]?.callCount == 1)
        _ = try await fixture.store.settleJob(
            claim, .completed(Outcome(answer: "4", end: .answered, reward: 1)), now: Self.later)
        #expect(try await fixture.reader.verifyBooks().differences == [])
        let learnt = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 10).episodes
        #expect(learnt.map { $0.steps.map(\.role) } == [[.deepthink]])
        let statistics = try await fixture.reader.policyStatistics(fixture.queue)
        #expect(statistics.draftedCallCount == 1 && statistics.confirmedDraftCount == 0)
    }

    /// The draft was generated whatever came of the wish; without an entry its use would be in no sum.
    @Test(arguments: [StepChoice.hold(.calls), .wait(.calls), .fail(.calls)])
    func `a draft whose step is not decided is booked as dropped`(choice: StepChoice) async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 0), onBudget: .hold))
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        _ = try await fixture.store.beginStep(Self.start(fixture, claim)) { _, _ in choice }
        let steps = try await fixture.reader.steps(job)
        #expect(steps.map(\.draft) == [.dropped])
        #expect(steps.map(\.state) == [.abandoned])
        #expect(try await Self.spend(fixture).quick == generated().spend)
        _ = try await fixture.store.releaseJob(claim, Release(.none), now: Self.later)
        #expect(try await fixture.reader.verifyBooks().differences == [])
        #expect(try await fixture.claim().steps == [])
    }

    @Test func `the draft of a job that was cancelled meanwhile is booked, and none after the job is pruned`()
        async throws
    {
        let fixture = try await Fixture()
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        _ = try await fixture.store.cancelJob(job, by: alice, now: morning)
        let begun = try await fixture.store.beginStep(Self.start(fixture, claim)) { _, _ in
            .write(Decision(role: .deepthink), features: [])
        }
        #expect(begun == .superseded)
        try await fixture.store.dropDraft(Self.start(fixture, claim))
        #expect(try await fixture.reader.steps(job).map(\.draft) == [.dropped, .dropped])
        #expect(try await Self.spend(fixture).quick.calls == 2)
        #expect(try await fixture.reader.verifyBooks().differences == [])

        let rule = PruningRule(queue: fixture.queue, before: Timestamp(milliseconds: .max / 2), keptEpisodes: 0)
        _ = try await fixture.store.prune(rule, after: nil, limit: 10, now: Self.later)
        await #expect(throws: StorageError.noSuchJob(job)) { try await fixture.reader.steps(job) }
        try await fixture.store.dropDraft(Self.start(fixture, claim))
        #expect(try await Self.spend(fixture).quick.calls == 2)
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    /// Before the transaction the crash loses the draft alone; after it the draft is booked and DEEPTHINK charged at its bound.
    @Test(arguments: [false, true]) func `a crash around the decision keeps the books exact`(isDecided: Bool)
        async throws
    {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 5)))
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        if isDecided {
            _ = try await fixture.store.beginStep(Self.start(fixture, claim)) { _, _ in
                .write(Decision(role: .deepthink), features: [])
            }
        }
        let after = try Fixture(crashed: fixture)
        #expect(after.store.recovery.settledReservations == (isDecided ? 1 : 0))
        let spent = try await Self.spend(after)
        #expect(spent.quick == (isDecided ? generated().spend : .zero))
        #expect(spent.deepthink == (isDecided ? bound : .zero))
        let again = try await after.claim()
        #expect(again.steps == [])
        _ = try await after.store.beginStep(Self.start(after, again.claim, text: "anew")) { _, _ in
            .write(Decision(role: .quick), features: [])
        }
        let steps = try await after.reader.steps(job)
        #expect(steps.map(\.draft) == (isDecided ? [.replaced, nil, .kept] : [.kept]))
        #expect(try await after.reader.verifyBooks().differences == [])
    }

    @Test func `a draft without DEEPTHINK's step is a difference`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        _ = try await fixture.store.beginStep(Self.start(fixture, claim)) { _, _ in .hold(.calls) }
        try fixture.directory.rawConnection().execute("UPDATE step SET draft = 'replaced'")
        let differences = try await fixture.reader.verifyBooks().differences
        #expect(differences.map(\.subject) == ["draft 1"])
    }

    @Test(arguments: [
        ("UPDATE step SET draft = 'lost'", "step_draft_known"),
        ("UPDATE step SET draft = 'replaced'", "step_draft_kept_iff_written"),
        ("UPDATE step SET role = 'deepthink'", "step_draft_is_quick"),
        ("UPDATE step SET mask_reason = 'mood'", "step_mask_reason_known"),
    ])
    func `the schema takes no other draft`(sql: String, constraint: String) async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        _ = try await fixture.store.beginStep(Self.start(fixture, claim)) { _, _ in
            .write(Decision(role: .quick, maskReason: .jobCalls), features: [])
        }
        let error = #expect(throws: SQLiteError.self) { try fixture.directory.rawConnection().execute(sql) }
        #expect(error?.message == "CHECK constraint failed: \(constraint)")
    }
}
