import Domain
import SQLite
import Storage
import Testing

/// What an administrator adds to a budget, takes away from it, and is told about it.
@Suite struct GrantTests {
    private let limited = QueueSettings(limits: BudgetLimits(calls: 10, tokens: 5_000), onBudget: .hold)

    private func day(_ later: Int64) -> DayKey { DayKey(daysSinceEpoch: today.daysSinceEpoch + later) }

    private func budget(_ fixture: Fixture, on day: DayKey = today) async throws -> BudgetDay {
        try await fixture.reader.budgets([fixture.queue: day])[0].budget
    }

    private func grant(
        _ fixture: Fixture, _ amount: Spend, through last: DayKey? = nil, clockDay: DayKey = today
    ) async throws {
        try await fixture.store.grantBudget(
            fixture.queue, amount, through: last, clockDay: clockDay, by: admin, now: morning)
    }

    @Test func `a grant adds to each of its days and to no other`() async throws {
        let fixture = try await Fixture(limited)
        try await grant(fixture, Spend(calls: 5), through: day(2))
        try await grant(fixture, Spend(calls: 1, tokens: 100))
        #expect(try await budget(fixture).limits == BudgetLimits(calls: 16, tokens: 5_100))
        for later in [1, 2] as [Int64] {
            #expect(try await budget(fixture, on: day(later)).limits == BudgetLimits(calls: 15, tokens: 5_000))
        }
        #expect(try await budget(fixture, on: day(3)).limits == BudgetLimits(calls: 10, tokens: 5_000))
        let grants = try await budget(fixture).grants
        #expect(grants.map(\.lastDay) == [day(2), today])
        #expect(grants.map(\.user) == ["root", "root"])
        let event = try #require(try await fixture.reader.adminEvents(limit: 1).first)
        #expect(event.action == "budget.grant")
        #expect(event.detail == "calls=1 tokens=100 gpu-ms=0 from=2026-11-18 until=2026-11-18")
    }

    @Test func `a grant wakes the jobs that the budget held`() async throws {
        let fixture = try await Fixture(limited)
        let job = try await fixture.submit()
        let tomorrow = morning.advanced(byMilliseconds: 86_400_000)
        let claim = try await fixture.claim().claim
        _ = try await fixture.store.releaseJob(claim, Release(.budgetExhausted(until: tomorrow)), now: morning)
        #expect(try await fixture.store.claim(now: morning) == nil)
        try await grant(fixture, Spend(calls: 1))
        #expect(try await fixture.claim().claim.job == job)
    }

    /// What a step may write is most of its worst case.
    @Test func `shorter steps wake the jobs that the budget held`() async throws {
        let fixture = try await Fixture(limited)
        try await fixture.submit()
        let tomorrow = morning.advanced(byMilliseconds: 86_400_000)
        let claim = try await fixture.claim().claim
        _ = try await fixture.store.releaseJob(claim, Release(.budgetExhausted(until: tomorrow)), now: morning)
        var shorter = limited
        shorter.maxSteps += 1
        try await fixture.store.setQueue(fixture.queue, shorter, by: admin, now: morning)
        #expect(try await fixture.store.claim(now: morning) == nil)
        shorter.stepTokens -= 1
        try await fixture.store.setQueue(fixture.queue, shorter, by: admin, now: morning)
        #expect(try await fixture.claim().claim.job == claim.job)
    }

    @Test func `what no queue can have is refused and nothing is recorded`() async throws {
        let fixture = try await Fixture(limited)
        let queue = fixture.queue
        await #expect(throws: StorageError.nothingToGrant(queue: queue, unit: .gpuTime)) {
            try await grant(fixture, Spend(gpuMilliseconds: 1))
        }
        func refused(_ argument: String, _ amount: Spend, through last: DayKey? = nil) async {
            let error = await #expect(throws: StorageError.self) { try await grant(fixture, amount, through: last) }
            guard case .invalidGrant(queue, argument, _, _) = error else {
                Issue.record("\(argument): \(String(describing: error))")
                return
            }
        }
        await refused("amount", .zero)
        await refused("amount.calls", Spend(calls: -1))
        await refused("amount.tokens", Spend(tokens: BudgetLimits.most + 1))
        await refused("until", Spend(calls: 1), through: day(-1))
        #expect(try await budget(fixture).limits == limited.limits)
        #expect(try await fixture.reader.adminEvents(limit: 9).map(\.action) == ["queue.create"])
        try await grant(fixture, Spend(tokens: BudgetLimits.most))
        await refused("amount.tokens", Spend(tokens: 1))
        for _ in 2...Store.mostGrants { try await grant(fixture, Spend(calls: 1)) }
        await refused("queue", Spend(calls: 1))
    }

    @Test func `a grant after the clock was set ahead and back begins on the day in force`() async throws {
        let fixture = try await Fixture(limited)
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        try await fixture.writeStep(claim, role: .quick, day: day(3))
        try await grant(fixture, Spend(calls: 5))
        #expect(try await budget(fixture).day == day(3))
        #expect(try await budget(fixture).limits.calls == 15)
        await #expect(throws: StorageError.self) { try await grant(fixture, Spend(calls: 5), through: day(2)) }
    }

    @Test func `a revoked grant no longer adds, and what was spent of it stays spent`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1)))
        try await grant(fixture, Spend(calls: 2), through: day(9))
        for _ in 1...3 { try await fixture.complete(1, role: .deepthink) }
        #expect(try await fixture.store.revokeGrants(fixture.queue, clockDay: today, by: admin, now: morning) == 1)
        #expect(try await fixture.store.revokeGrants(fixture.queue, clockDay: today, by: admin, now: morning) == 0)
        let after = try await budget(fixture)
        #expect(after.limits.calls == 1 && after.spent.calls == 3)
        #expect(after.mask(for: bound) == .calls)
        #expect(after.remainingShare == 0)
        #expect(try await fixture.reader.adminEvents(limit: 1).map(\.action) == ["budget.revoke"])
    }

    /// Running steps keep what they reserved; only new ones are masked.
    @Test func `a limit lowered below what is reserved masks and lets running steps end`() async throws {
        var settings = limited
        let fixture = try await Fixture(settings)
        var begun: [(StepID, Claim)] = []
        for _ in 1...3 {
            try await fixture.submit()
            let claim = try await fixture.claim().claim
            guard
                case .begun(let step, _, _) = try await fixture.store.beginStep(
                    fixture.start(claim), choose: { _, _ in .write(Decision(role: .deepthink), features: []) })
            else { throw NothingToClaim() }
            begun.append((step, claim))
        }
        settings.limits = BudgetLimits(calls: 1, tokens: 50)
        try await fixture.store.setQueue(fixture.queue, settings, by: admin, now: morning)
        let lowered = try await budget(fixture)
        #expect(lowered.reserved.calls == 3 && lowered.remaining(.calls) == -2)
        #expect(lowered.remainingShare == 0)
        #expect(lowered.mask(for: Spend(calls: 1)) == .calls)
        for (step, claim) in begun {
            #expect(try await fixture.store.finishStep(step, claim, generated(), now: morning) == .settled)
        }
        let after = try await budget(fixture)
        #expect(after.reserved == .zero && after.spent.calls == 3)
        #expect(after.remainingShare == 0)
        settings.limits = BudgetLimits(calls: 4, tokens: 5_000)
        try await fixture.store.setQueue(fixture.queue, settings, by: admin, now: morning)
        #expect(try await budget(fixture).mask(for: Spend(calls: 1)) == nil)
    }

    @Test(arguments: ["UPDATE budget_grant SET calls = 99", "DELETE FROM budget_grant"])
    func `the database itself refuses to change a grant`(sql: String) async throws {
        let fixture = try await Fixture(limited)
        try await grant(fixture, Spend(calls: 5))
        let error = #expect(throws: SQLiteError.self) { try fixture.directory.rawConnection().execute(sql) }
        #expect(error?.message.hasPrefix("grants are append-only") == true)
    }

    @Test func `a day is warned about once and exhausted once, also over restarts`() async throws {
        var fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 4, tokens: 100_000), warnAt: 0.5))
        try await fixture.complete(1, role: .deepthink)
        #expect(await fixture.store.takeNotices() == [])
        try await fixture.complete(1, role: .deepthink)
        let warning = try #require(await fixture.store.takeNotices().first)
        #expect(warning.kind == .warning && warning.unit == .calls && warning.queue == fixture.queue)
        #expect(warning.budget.spent.calls == 2 && warning.budget.limits.calls == 4 && warning.timeZone == "UTC")
        fixture = try Fixture(crashed: fixture)
        for _ in 1...2 { try await fixture.complete(1, role: .deepthink) }
        #expect(await fixture.store.takeNotices() == [])
        for _ in 1...2 {
            try await fixture.submit()
            let claim = try await fixture.claim().claim
            _ = try await fixture.store.beginStep(fixture.start(claim)) { _, mask in .hold(mask?.unit ?? .tokens) }
            fixture = try Fixture(crashed: fixture)
        }
        #expect(await fixture.store.takeNotices() == [])
        try await fixture.submit()
        try await fixture.writeStep(fixture.claim().claim, role: .quick, day: day(1))
        #expect(await fixture.store.takeNotices() == [])
    }

    @Test func `what only running steps stand in the way of is not exhausted`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1)))
        for _ in 1...2 { try await fixture.submit() }
        let (first, second) = (try await fixture.claim().claim, try await fixture.claim().claim)
        guard
            case .begun(let step, _, _) = try await fixture.store.beginStep(
                fixture.start(first), choose: { _, _ in .write(Decision(role: .deepthink), features: []) })
        else { throw NothingToClaim() }
        _ = try await fixture.store.beginStep(fixture.start(second)) { _, mask in .wait(mask?.unit ?? .tokens) }
        #expect(await fixture.store.takeNotices() == [])
        _ = try await fixture.store.finishStep(step, first, generated(), now: morning)
        #expect(await fixture.store.takeNotices().map(\.kind) == [.warning])
        _ = try await fixture.store.beginStep(fixture.start(second)) { _, mask in .hold(mask?.unit ?? .tokens) }
        #expect(await fixture.store.takeNotices().map(\.kind) == [.exhausted])
    }

    @Test func `neither a level of 0 nor a limit of 0 says anything`() async throws {
        let silent = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1), warnAt: 0))
        try await silent.complete(1, role: .deepthink)
        #expect(await silent.store.takeNotices() == [])
        let without = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 0)))
        try await without.submit()
        let claim = try await without.claim().claim
        _ = try await without.store.beginStep(without.start(claim)) { _, mask in .hold(mask?.unit ?? .tokens) }
        #expect(await without.store.takeNotices() == [])
    }

    /// A server that lies, or an estimate gone wrong, must not make numbers that the next start cannot read.
    @Test func `numbers near the end of 64 bits neither trap nor lock the state up`() async throws {
        var fixture = try await Fixture(QueueSettings())
        let huge = Generated(
            text: "", stopReason: .length, promptTokens: .max, cachedTokens: .max, generatedTokens: .max,
            gpuMilliseconds: .max)
        for _ in 1...3 {
            try await fixture.submit()
            let claim = try await fixture.claim().claim
            let start = fixture.start(claim, worstCase: Spend(calls: .max, tokens: .max, gpuMilliseconds: .max))
            for isMeasured in [true, false] {
                guard
                    case .begun(let step, _, _) = try await fixture.store.beginStep(
                        start, choose: { _, _ in .write(Decision(role: .deepthink), features: []) })
                else { throw NothingToClaim() }
                if isMeasured {
                    _ = try await fixture.store.abandonStep(step, claim, .measured(huge), now: morning)
                }
            }
        }
        fixture = try Fixture(crashed: fixture)
        let most = Spend.mostOfStep.tokens
        #expect(try await budget(fixture).spent == Spend(calls: 6, tokens: 9 * most, gpuMilliseconds: 6 * most))
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }
}
