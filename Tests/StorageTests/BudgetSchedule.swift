import Domain
import Storage
import Testing

/// A random history of one queue with 64 chains of steps, beside a model of its budget in a few lines of Swift.
struct BudgetSchedule {
    struct Running {
        let claim: Claim
        var index: Int
        var step: (id: StepID, role: Role, worstCase: Spend, day: DayKey)?
    }

    static let chains = 64

    let seed: UInt64
    var fixture: Fixture
    var random: SplitMix64
    var running: [Running] = []
    var settings: QueueSettings
    var clockDay = today
    /// The model of jobs' own budgets: what each job was given, and the calls of each episode that were not given back.
    var jobLimits: [JobID: Int] = [:]
    var made: [EpisodeID: Int] = [:]
    /// What QUICK has used, its drafts included.
    var quickSpend = Spend.zero
    /// The model: what DEEPTHINK has used each day, the latest day seen, what was granted.
    var spent: [DayKey: Spend] = [:]
    var lastDay = DayKey(daysSinceEpoch: .min)
    var grants: [(days: ClosedRange<DayKey>, amount: Spend)] = []
    /// What was spent and reserved of each day when its budget was last lowered: only that may be over the limit.
    var atLowering: [DayKey: Spend] = [:]

    init(seed: UInt64) async throws {
        self.seed = seed
        random = SplitMix64(state: seed)
        settings = QueueSettings(
            limits: BudgetLimits(calls: 40, tokens: 12_000, gpuMilliseconds: 200_000), maxAttempts: 1_000)
        fixture = try await Fixture(settings)
        try await fillUp()
    }

    mutating func next() async throws {
        let place = Int.random(in: 0..<running.count, using: &random)
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<66: if running[place].step == nil { try await begin(place) } else { try await finish(place) }
        case 66..<74: try await abandon(place)
        case 74..<79: try await leave(place)
        case 79..<84: try await cancel(place)
        case 84..<87: clockDay = DayKey(daysSinceEpoch: clockDay.daysSinceEpoch + .random(in: -2...2, using: &random))
        case 88..<93: try await changeLimits()
        case 93..<97: try await grant()
        case 97..<98: try await revoke()
        case 87..<88: try await setDay()
        default: try await crash()
        }
        try await fillUp()
        try await check()
    }

    /// Ends everything that runs; then nothing may be reserved, and the books agree with the model.
    mutating func drain() async throws {
        for place in running.indices where running[place].step != nil { try await finish(place) }
        try await check()
        let budget = try await fixture.reader.budgets([fixture.queue: today])[0].budget
        #expect(budget.reserved == .zero, "seed \(seed)")
        let report = try await fixture.reader.verifyBooks()
        #expect(report.differences == [], "seed \(seed)")
        let always = SpendFilter(days: DayKey(daysSinceEpoch: 0)...DayKey(daysSinceEpoch: .max))
        let rows = try await fixture.reader.spend(always, by: [.day]).filter { $0.deepthink != .zero }
        for row in rows { #expect(row.deepthink == spent[try #require(row.day)], "seed \(seed)") }
        #expect(rows.count == spent.count, "seed \(seed)")
        #expect(try await fixture.reader.spendWithTotal(always, by: []).total.quick == quickSpend, "seed \(seed)")
    }

    // MARK: The model

    func reserved(_ day: DayKey) -> Spend {
        running.compactMap(\.step).filter { $0.role == .deepthink && $0.day == day }.reduce(.zero) { $0 + $1.worstCase }
    }

    func committed(_ day: DayKey) -> Spend { (spent[day] ?? .zero) + reserved(day) }

    /// nil: no limit.
    func limit(_ unit: BudgetUnit, on day: DayKey) -> Int64? {
        guard let own = settings.limits[unit] else { return nil }
        return grants.filter { $0.days.contains(day) }.reduce(own) { $0 + $1.amount[unit] }
    }

    /// Only what was there before a budget was lowered may be over its limit; what the store says is what the model
    /// says.
    private func check() async throws {
        let budget = try await fixture.reader.budgets([fixture.queue: today])[0].budget
        #expect(budget.spent == spent[budget.day] ?? .zero, "seed \(seed)")
        #expect(budget.reserved == reserved(budget.day), "seed \(seed)")
        #expect((0...1).contains(budget.remainingShare), "seed \(seed)")
        for unit in BudgetUnit.allCases {
            #expect(budget.limits[unit] == limit(unit, on: budget.day), "seed \(seed)")
            for day in Set(spent.keys).union([budget.day]) {
                let most = max(limit(unit, on: day) ?? .max, atLowering[day]?[unit] ?? 0)
                #expect(committed(day)[unit] <= most, "overshoot, seed \(seed)")
            }
        }
    }

    // MARK: The events

    /// Keeps 64 chains at it.
    private mutating func fillUp() async throws {
        while running.count < Self.chains {
            if let job = try await fixture.store.claim(now: morning) {
                running.append(Running(claim: job.claim, index: job.steps.count))
            } else {
                let own = Int.random(in: 0...12, using: &random)
                let job = try await fixture.submit(NewJob(specification: "{}", deepthinkCalls: own < 6 ? own : nil))
                if own < 6 { jobLimits[job] = own }
            }
        }
    }

    /// z, by the model; nil without a limit.
    private func callsLeft(_ claim: Claim) -> Int? {
        let limits = [jobLimits[claim.job], settings.deepthinkCallsPerJob].compactMap(\.self)
        return limits.min().map { $0 - made[claim.episode, default: 0] }
    }

    private mutating func begin(_ place: Int) async throws {
        let estimate = Spend(
            calls: estimate(most: 900), tokens: estimate(most: 900), gpuMilliseconds: estimate(most: 15_000))
        let worstCase = estimate.asOneStep
        let wantsDeepthink = Int.random(in: 0..<4, using: &random) > 0
        let claim = running[place].claim
        var start = fixture.start(claim, index: running[place].index, day: clockDay, worstCase: estimate)
        if Int.random(in: 0..<3, using: &random) == 0 {
            start.draft = StepDraft(generated: partOf(Spend(tokens: 300, gpuMilliseconds: 900)), startedAt: morning)
            quickSpend = quickSpend + (start.draft?.generated.spend ?? .zero)
        }
        let isHeld = Int.random(in: 0..<20, using: &random) == 0
        lastDay = max(lastDay, clockDay)
        let begun = try await fixture.store.beginStep(start) { _, mask in
            if isHeld { return .wait(.calls) }
            let role: Role = wantsDeepthink && mask == nil ? .deepthink : .quick
            return .write(Decision(role: role, maskReason: mask), features: [])
        }
        if isHeld { return #expect(begun == .wait(.calls)) }
        guard case .begun(let step, let decision, let budget) = begun else { throw NotBegun(step: begun) }
        let left = callsLeft(claim)
        #expect((decision.maskReason == .jobCalls) == (left.map { $0 <= 0 } ?? false), "seed \(seed)")
        #expect(budget.day == lastDay, "seed \(seed)")
        let wanted = committed(lastDay) + worstCase
        let fits = BudgetUnit.allCases.allSatisfy { unit in limit(unit, on: lastDay).map { wanted[unit] <= $0 } ?? true
        }
        #expect(
            (decision.maskReason == nil) == (fits && left ?? 1 > 0),
            "a false refusal, or one that is missing: seed \(seed)")
        if decision.role == .deepthink { made[claim.episode, default: 0] += 1 }
        #expect(made[claim.episode, default: 0] <= jobLimits[claim.job] ?? .max, "seed \(seed)")
        if start.draft != nil, decision.role == .quick {
            running[place].index += 1
            return
        }
        running[place].step = (step, decision.role, worstCase, budget.day)
    }

    /// Usually sensible, sometimes nothing, sometimes what no sum of two could hold.
    private mutating func estimate(most: Int64) -> Int64 {
        switch Int.random(in: 0..<20, using: &random) {
        case 0: 0
        case 1: Int64.max - .random(in: 0...2, using: &random)
        case 2: Spend.mostOfStep.tokens + .random(in: -1...1, using: &random)
        case 3: .min
        default: .random(in: 0...most, using: &random)
        }
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
            // QUICK has no bound to be charged at.
            default: (.unknown, step.role == .deepthink ? step.worstCase : .zero)
            }
        let claim = running[place].claim
        #expect(try await fixture.store.abandonStep(step.id, claim, use, now: morning) == .settled)
        // The call is given back.
        if step.role == .deepthink, use == .none { made[claim.episode, default: 0] -= 1 }
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

    /// Raises, lowers (under what is reserved and spent, too), removes or restores limits.
    private mutating func changeLimits() async throws {
        noteLowering()
        switch Int.random(in: 0..<5, using: &random) {
        case 3: settings.deepthinkCallsPerJob = Bool.random(using: &random) ? nil : .random(in: 0...6, using: &random)
        case 0: settings.limits.calls = .random(in: 0...80, using: &random)
        case 1: settings.limits.tokens = .random(in: 0...24_000, using: &random)
        case 2: settings.limits.tokens = Bool.random(using: &random) ? nil : BudgetLimits.most
        default:
            settings.limits.gpuMilliseconds =
                Bool.random(using: &random) ? nil : .random(in: 0...400_000, using: &random)
        }
        try await fixture.store.setQueue(fixture.queue, settings, by: admin, now: morning)
    }

    private mutating func grant() async throws {
        lastDay = max(lastDay, clockDay)
        let until = DayKey(daysSinceEpoch: lastDay.daysSinceEpoch + .random(in: 0...2, using: &random))
        let amount = Spend(
            calls: settings.limits.calls == nil ? 0 : .random(in: 1...20, using: &random),
            tokens: settings.limits.tokens == nil ? 0 : .random(in: 0...6_000, using: &random))
        try await fixture.store.grantBudget(
            fixture.queue, amount, through: until, clockDay: clockDay, by: admin, now: morning)
        grants.append((lastDay...until, amount))
    }

    private mutating func revoke() async throws {
        noteLowering()
        let open = grants.count { $0.days.upperBound >= lastDay }
        #expect(
            try await fixture.store.revokeGrants(fixture.queue, clockDay: lastDay, by: admin, now: morning) == open,
            "seed \(seed)")
        grants.removeAll { $0.days.upperBound >= lastDay }
    }

    /// A clock that was ahead is set right: the day goes back, and what was spent of it before still counts.
    private mutating func setDay() async throws {
        guard lastDay > clockDay else {
            await #expect(throws: StorageError.notAhead(queue: fixture.queue, day: clockDay), "seed \(seed)") {
                try await fixture.store.setBudgetDay(fixture.queue, clockDay: clockDay, by: admin, now: morning)
            }
            return
        }
        #expect(
            try await fixture.store.setBudgetDay(fixture.queue, clockDay: clockDay, by: admin, now: morning) == lastDay,
            "seed \(seed)")
        lastDay = clockDay
    }

    private mutating func noteLowering() {
        for day in Set(spent.keys).union(running.compactMap(\.step?.day)) {
            let old = atLowering[day] ?? .zero
            let new = committed(day)
            atLowering[day] = Spend(
                calls: max(old.calls, new.calls), tokens: max(old.tokens, new.tokens),
                gpuMilliseconds: max(old.gpuMilliseconds, new.gpuMilliseconds))
        }
    }

    /// A kill and a start; a writer of before it changes nothing.
    private mutating func crash() async throws {
        let late = running.first { $0.step != nil }
        for place in running.indices { end(place, used: running[place].step?.worstCase ?? .zero, isLost: true) }
        running = []
        fixture = try Fixture(crashed: fixture)
        if let late, let step = late.step {
            let real = partOf(step.worstCase)
            #expect(try await fixture.store.finishStep(step.id, late.claim, real, now: morning) == .stale)
        }
    }

    /// - Parameter isLost: nobody knows what QUICK used, so nothing of it is booked.
    private mutating func end(_ place: Int, used: Spend, isLost: Bool = false) {
        guard let step = running[place].step else { return }
        if step.role == .quick, !isLost { quickSpend = quickSpend + used }
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
}
