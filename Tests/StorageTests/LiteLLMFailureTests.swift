import Domain
import Storage
import Testing

/// What LiteLLM's users report of its budgets, one test each. The two about days and zones are with the zones, in
/// DaemonTests.
@Suite(.timeLimit(.minutes(5))) struct LiteLLMFailureTests {
    /// Begins one step of each claim at the same time; returns the DEEPTHINK ones.
    private func begin(
        _ claims: [Claim], worstCase: Spend, _ fixture: Fixture
    ) async throws -> [(claim: Claim, step: StepID)] {
        let (store, starts) = (fixture.store, claims.map { fixture.start($0, worstCase: worstCase) })
        return try await withThrowingTaskGroup(of: (claim: Claim, step: StepID)?.self) { group in
            for start in starts {
                group.addTask {
                    let begun = try await store.beginStep(start) { _, mask in
                        .write(Decision(role: mask == nil ? .deepthink : .quick, maskReason: mask), features: [])
                    }
                    guard case .begun(let step, let decision, _) = begun else { throw NotBegun(step: begun) }
                    return decision.role == .deepthink ? (start.claim, step) : nil
                }
            }
            return try await group.reduce(into: []) { if let begun = $1 { $0.append(begun) } }
        }
    }

    private func claims(_ count: Int, _ fixture: Fixture) async throws -> [Claim] {
        var claims: [Claim] = []
        for _ in 1...count {
            try await fixture.submit()
            claims.append(try await fixture.claim().claim)
        }
        return claims
    }

    private func budget(_ fixture: Fixture) async throws -> BudgetDay {
        try await fixture.reader.budgets([fixture.queue: today])[0].budget
    }

    /// There: 264,000 times the budget, as the first spend is known only when the first request has ended.
    @Test func `eight concurrent first requests do not overshoot`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(tokens: 160)))
        let begun = try await begin(claims(8, fixture), worstCase: Spend(tokens: 160), fixture)
        #expect(begun.count == 1)
        for (claim, step) in begun { _ = try await fixture.store.finishStep(step, claim, generated(), now: morning) }
        #expect(try await budget(fixture).spent.tokens == 160)
    }

    /// There: four of five were admitted to a budget for three, 33 % over it.
    @Test func `of five concurrent requests as many are admitted as the budget holds`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(tokens: 480)))
        let begun = try await begin(claims(5, fixture), worstCase: Spend(tokens: 160), fixture)
        #expect(begun.count == 3)
        for (claim, step) in begun { _ = try await fixture.store.finishStep(step, claim, generated(), now: morning) }
        #expect(try await budget(fixture).spent.tokens == 480)
    }

    /// There: blocked at $2,000 with $0.144 spent, by reservations of requests that were long gone.
    @Test func `failures, cancels and crashes leave no phantom reservation`() async throws {
        var fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 100, tokens: 500)))
        for _ in 1...20 {
            let failed = try #require(try await begin(claims(1, fixture), worstCase: bound, fixture).first)
            _ = try await fixture.store.abandonStep(failed.step, failed.claim, .none, now: morning)
            #expect(try await budget(fixture).reserved == .zero)
            let cancelled = try #require(try await begin(claims(1, fixture), worstCase: bound, fixture).first)
            _ = try await fixture.store.cancelJob(cancelled.claim.job, by: alice, now: morning)
            _ = try await fixture.store.abandonStep(cancelled.step, cancelled.claim, .none, now: morning)
            #expect(try await budget(fixture).reserved == .zero)
        }
        #expect(try await budget(fixture).spent == .zero)
        #expect(try await begin(claims(1, fixture), worstCase: bound, fixture).count == 1)
        fixture = try Fixture(crashed: fixture)
        // Nobody knows what it used, so its worst case is spent; nothing is reserved.
        #expect(try await budget(fixture).reserved == .zero)
        #expect(try await budget(fixture).spent == bound)
    }

    /// There: $111 on the counter, $56 in the ledger.
    @Test func `the counter is the ledger's sum after every kind of end`() async throws {
        var fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 100)))
        let ends: [AbandonedUse?] = [nil, AbandonedUse.none, .measured(generated("cut")), .unknown]
        for end in ends + ends {
            let (claim, step) = try #require(try await begin(claims(1, fixture), worstCase: bound, fixture).first)
            if let end {
                _ = try await fixture.store.abandonStep(step, claim, end, now: morning)
                // Said twice is booked once.
                #expect(try await fixture.store.abandonStep(step, claim, end, now: morning) == .stale)
            } else {
                _ = try await fixture.store.finishStep(step, claim, generated(), now: morning)
            }
        }
        _ = try await begin(claims(1, fixture), worstCase: bound, fixture)
        fixture = try Fixture(crashed: fixture)
        let rows = try await fixture.reader.spend(SpendFilter(days: today...today), by: [])
        #expect(try await budget(fixture).spent == rows[0].deepthink)
        #expect(rows[0].deepthink == Spend(calls: 7, tokens: 4 * 160 + 3 * 500, gpuMilliseconds: 4 * 1_500 + 3 * 9_000))
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    /// There: after a restart the spend metric began again at 0.
    @Test func `spend does not restart at nothing`() async throws {
        var fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 100)))
        var calls: Int64 = 0
        for _ in 1...3 {
            try await fixture.complete(1, role: .deepthink)
            fixture = try Fixture(crashed: fixture)
            calls += 1
            #expect(try await budget(fixture).spent.calls == calls)
            let always = SpendFilter(days: DayKey(daysSinceEpoch: 0)...DayKey(daysSinceEpoch: .max))
            #expect(try await fixture.reader.spend(always, by: [.queue]).map(\.deepthink.calls) == [calls])
        }
    }
}
