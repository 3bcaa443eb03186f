import Domain
import Storage
import Testing

/// Many jobs, every interleaving of their steps, cancels, crashes and days: the budget holds after each single event,
/// no step is refused that would have fitted, and nothing stays reserved at the end.
@Suite struct BudgetScheduleTests {
    @Test(.timeLimit(.minutes(2)), arguments: UInt64(1)...24)
    func `no schedule overshoots, refuses falsely or leaves a reservation`(seed: UInt64) async throws {
        var schedule = try await BudgetSchedule(seed: seed)
        for _ in 1...150 { try await schedule.next() }
        try await schedule.drain()
    }
}

/// A random history of one queue beside a model of its budget in a few lines of Swift.
struct BudgetSchedule {
    static let limits = BudgetLimits(calls: 6, tokens: 2_500, gpuMilliseconds: 40_000)

    struct Running {
        let claim: Claim
        var index: Int
        var step: (id: StepID, role: Role, worstCase: Spend, day: DayKey)?
    }

    var fixture: Fixture
    var random: SplitMix64
    var running: [Running] = []
    var clockDay = today
    /// The model: what DEEPTHINK has used each day, and the latest day seen.
    var spent: [DayKey: Spend] = [:]
    var lastDay = today

    init(seed: UInt64) async throws {
        fixture = try await Fixture(QueueSettings(limits: BudgetSchedule.limits, maxAttempts: 1_000))
        random = SplitMix64(state: seed)
        for _ in 1...8 { try await fixture.submit() }
    }

    func reserved(_ day: DayKey) -> Spend {
        running.compactMap(\.step).filter { $0.role == .deepthink && $0.day == day }.reduce(.zero) { $0 + $1.worstCase }
    }

    mutating func next() async throws {
        let place = running.isEmpty ? nil : Int.random(in: 0..<running.count, using: &random)
        switch (Int.random(in: 0..<100, using: &random), place) {
        case (0..<20, _), (_, nil): try await claim()
        case (20..<75, let place?):
            if running[place].step == nil { try await begin(place) } else { try await finish(place) }
        case (75..<83, let place?): try await abandon(place)
        case (83..<88, let place?): try await leave(place)
        case (88..<92, let place?): try await cancel(place)
        case (92..<96, _):
            clockDay = DayKey(daysSinceEpoch: clockDay.daysSinceEpoch + .random(in: -2...2, using: &random))
        default: try await crash()
        }
        try await check()
    }

    /// Ends everything that runs; then nothing may be reserved, and the books agree with the model.
    mutating func drain() async throws {
        for place in running.indices where running[place].step != nil { try await finish(place) }
        try await check()
        for day in spent.keys {
            let budget = try await fixture.reader.budgets([fixture.queue: day])[0].budget
            if budget.day == day { #expect(budget.reserved == .zero) }
        }
        let report = try await fixture.reader.verifyBooks()
        #expect(report.differences == [])
        let always = SpendFilter(days: DayKey(daysSinceEpoch: 0)...DayKey(daysSinceEpoch: .max))
        let rows = try await fixture.reader.spend(always, by: [.day]).filter { $0.deepthink != .zero }
        for row in rows { #expect(row.deepthink == spent[try #require(row.day)]) }
        #expect(rows.count == spent.count)
    }

    private mutating func claim() async throws {
        if let job = try await fixture.store.claim(now: morning) {
            running.append(Running(claim: job.claim, index: job.steps.count))
        } else if running.count < 8 {
            try await fixture.submit()
        }
    }

    private mutating func begin(_ place: Int) async throws {
        let worstCase = Spend(
            calls: 1, tokens: .random(in: 0...900, using: &random),
            gpuMilliseconds: .random(in: 0...15_000, using: &random))
        let wantsDeepthink = Bool.random(using: &random)
        let start = fixture.start(
            running[place].claim, index: running[place].index, day: clockDay, worstCase: worstCase)
        lastDay = max(lastDay, clockDay)
        let begun = try await fixture.store.beginStep(start) { _, mask in
            .write(Decision(role: wantsDeepthink && mask == nil ? .deepthink : .quick, maskReason: mask), features: [])
        }
        guard case .begun(let step, let decision, let budget) = begun else { throw NotBegun(step: begun) }
        #expect(budget.day == lastDay)
        let committed = (spent[lastDay] ?? .zero) + reserved(lastDay) + worstCase
        let fits =
            committed.calls <= 6 && committed.tokens <= 2_500 && committed.gpuMilliseconds <= 40_000
        #expect((decision.maskReason == nil) == fits, "a false refusal, or one that is missing")
        running[place].step = (step, decision.role, worstCase, budget.day)
    }

    private mutating func finish(_ place: Int) async throws {
        guard let step = running[place].step else { return }
        let real = partOf(step.worstCase)
        #expect(try await fixture.store.finishStep(step.id, running[place].claim, real, now: morning) == .settled)
        end(place, used: real.spend)
        running[place].index += 1
    }

    private mutating func abandon(_ place: Int) async throws {
        guard let step = running[place].step else { return }
        let part = partOf(step.worstCase)
        let (use, used): (AbandonedUse, Spend) =
            switch Int.random(in: 0..<3, using: &random) {
            case 0: (.none, .zero)
            case 1: (.measured(part), part.spend)
            default: (.unknown, step.worstCase)
            }
        #expect(try await fixture.store.abandonStep(step.id, running[place].claim, use, now: morning) == .settled)
        end(place, used: used)
    }

    /// Gives the job back, or ends it.
    private mutating func leave(_ place: Int) async throws {
        try await finish(place)
        let job = running.remove(at: place)
        if Bool.random(using: &random) {
            #expect(try await fixture.store.releaseJob(job.claim, Release(.none), now: morning) == .released)
        } else {
            let outcome = Outcome(answer: "", end: .answered, reward: .random(in: 0...1, using: &random))
            #expect(try await fixture.store.settleJob(job.claim, .completed(outcome), now: morning))
        }
    }

    private mutating func cancel(_ place: Int) async throws {
        #expect(try await fixture.store.cancelJob(running[place].claim.job, by: alice, now: morning) == .running)
        // The runner hears of it only at its step's end.
        try await finish(place)
        running.remove(at: place)
    }

    private mutating func crash() async throws {
        for place in running.indices { end(place, used: running[place].step?.worstCase ?? .zero) }
        running = []
        fixture = try Fixture(crashed: fixture)
    }

    private mutating func end(_ place: Int, used: Spend) {
        guard let step = running[place].step else { return }
        if step.role == .deepthink, used != .zero {
            spent[step.day, default: .zero] = (spent[step.day] ?? .zero) + used
        }
        running[place].step = nil
    }

    private mutating func partOf(_ worstCase: Spend) -> Generated {
        let tokens = Int64.random(in: 0...worstCase.tokens, using: &random)
        return Generated(
            text: "", stopReason: .length, promptTokens: tokens / 3, generatedTokens: tokens - tokens / 3,
            gpuMilliseconds: .random(in: 0...worstCase.gpuMilliseconds, using: &random))
    }

    private func check() async throws {
        let budget = try await fixture.reader.budgets([fixture.queue: today])[0].budget
        #expect(budget.spent == spent[budget.day] ?? .zero)
        #expect(budget.reserved == reserved(budget.day))
        for (day, used) in spent {
            let committed = used + reserved(day)
            #expect(committed.calls <= 6 && committed.tokens <= 2_500 && committed.gpuMilliseconds <= 40_000)
        }
    }
}
