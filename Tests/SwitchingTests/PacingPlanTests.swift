import Domain
import Switching
import Testing

/// From what is left and what is to come to a price.
@Suite struct PacingPlanTests {
    private static let oneCall = Spend(calls: 1, tokens: 1000, gpuMilliseconds: 9000)
    private static let settings = SwitcherSettings(cost: 0.05, explorationRate: 0)

    /// Jobs of one step in one of three states, one third each: DEEPTHINK gains 0.2, 0.4 and 0.6 by it.
    private static func plan(jobs: Double, use: CallUse = CallUse()) throws -> PacingPlan {
        let gains = [0.2, 0.4, 0.6]
        func features(_ state: Int) -> [Float] { (0..<3).map { $0 == state ? 1 : 0 } }
        let jobsSeen = (0..<3000).map { index in
            let role: Role = index / 3 % 2 == 0 ? .quick : .deepthink
            let reward = role == .deepthink ? gains[index % 3] : 0
            return TrainingEpisode(
                steps: [TrainingStep(features: features(index % 3), role: role, reward: reward, propensity: 0.5)])
        }
        let policy = try learntPolicy(jobsSeen, cost: 0.05, featureCount: 3)
        let curve = DemandCurve(jobsSeen, policy: policy, settings: settings)
        return PacingPlan(curve: curve, jobsToCome: jobs, jobsOfDay: jobs, use: use, explorationShare: 0.05)
    }

    private static func budget(_ limits: BudgetLimits, spent: Spend = .zero, reserved: Spend = .zero) -> BudgetDay {
        BudgetDay(day: DayKey(daysSinceEpoch: 0), limits: limits, spent: spent, reserved: reserved)
    }

    /// The share of 10,000 jobs that call in a state of some gain.
    private static func share(calling gain: Double, at price: PacedPrice) -> Double {
        Double((1...10_000).count { gain - settings.cost >= price.price(job: JobID($0), episode: 1) }) / 10_000
    }

    @Test func `a plentiful budget has no price, and neither has none`() throws {
        let plan = try Self.plan(jobs: 30)
        #expect(plan.price(for: Self.budget(BudgetLimits(calls: 30)), worstCase: Self.oneCall) == .free)
        #expect(plan.price(for: Self.budget(BudgetLimits()), worstCase: Self.oneCall) == .free)
    }

    /// 30 jobs, 10 in each state: what is left goes to the greatest gains, and a state whose jobs cannot all call is
    /// drawn in the right share.
    @Test(arguments: [
        (30, [1.0, 1, 1], 0.0), (25, [0.5, 1, 1], 0.15), (20, [0, 1, 1], 0.15), (15, [0, 0.5, 1], 0.35),
        (4, [0, 0, 0.4], 0.55), (0, [0, 0, 0], 0.55),
    ])
    func `what is left goes to the greatest gains`(calls: Int, shares: [Double], worth: Double) throws {
        let plan = try Self.plan(jobs: 30)
        let price = plan.price(for: Self.budget(BudgetLimits(calls: Int64(calls))), worstCase: Self.oneCall)
        for (gain, expected) in zip([0.2, 0.4, 0.6], shares) {
            let share = Self.share(calling: gain, at: price)
            #expect(abs(share - expected) < 0.03, "\(share) of the jobs with gain \(gain) call, not \(expected)")
        }
        #expect(abs(price.worth - worth) < 0.02, "worth \(price.worth)")
        #expect(abs(plan.expectedCalls(at: price) - min(Double(calls), 30)) < 0.5)
    }

    @Test func `the scarcest unit counts, by what calls have really used`() throws {
        let settled = Spend(calls: 999, tokens: 200 * 999, gpuMilliseconds: 1000 * 999)
        let plan = try Self.plan(jobs: 30, use: CallUse(settled: settled))
        // 15 calls in each of the three.
        for limits in [
            BudgetLimits(calls: 15), BudgetLimits(tokens: 3012), BudgetLimits(gpuMilliseconds: 15_120),
            BudgetLimits(calls: 15, tokens: 90_000, gpuMilliseconds: 900_000),
        ] {
            let price = plan.price(for: Self.budget(limits), worstCase: Self.oneCall)
            #expect(abs(Self.share(calling: 0.4, at: price) - 0.5) < 0.03, "\(limits)")
        }
        // A running step is expected to use what steps use, whatever is reserved for it.
        let running = Self.budget(
            BudgetLimits(tokens: 3212), reserved: Spend(calls: 1, tokens: 1000, gpuMilliseconds: 9000))
        let price = plan.price(for: running, worstCase: Self.oneCall)
        #expect(abs(Self.share(calling: 0.4, at: price) - 0.5) < 0.03)
    }

    /// The hold or failure of a job is a question about days, not about the last minute of one.
    @Test func `a spent day has its highest price, and the price of a day is what the next one asks`() throws {
        let plan = try Self.plan(jobs: 30)
        let spent = Self.budget(BudgetLimits(calls: 15), spent: Spend(calls: 15))
        #expect(Self.share(calling: 0.6, at: plan.price(for: spent, worstCase: Self.oneCall)) == 0)
        let next = plan.priceOfDay(spent, worstCase: Self.oneCall)
        #expect(Self.share(calling: 0.6, at: next) == 1)
        #expect(Self.share(calling: 0.2, at: next) == 0)
    }

    @Test func `the last job of the day may have all that is left`() throws {
        let plan = try Self.plan(jobs: 1)
        let budget = Self.budget(BudgetLimits(calls: 60), spent: Spend(calls: 59))
        #expect(plan.price(for: budget, worstCase: Self.oneCall) == .free)
    }

    @Test func `calibration corrects the jobs' calls within bounds`() {
        var calibration = DemandCalibration()
        #expect(calibration.ratio == 1)
        for _ in 0..<2000 { calibration.note(expected: 1, made: 1) }
        #expect(abs(calibration.ratio - 1) < 1e-9)
        for _ in 0..<2000 { calibration.note(expected: 2, made: 3) }
        #expect((1.4...1.5).contains(calibration.ratio))
        for _ in 0..<2000 { calibration.note(expected: 2, made: 0) }
        #expect(calibration.ratio == 0.5)
    }

    /// A backlog of a million jobs must not starve those that can run today.
    @Test func `the service rate is measured while jobs wait, and a pause is no measure`() throws {
        var rate = ServiceRate()
        #expect(rate.jobs(inSeconds: 3600) == nil)
        var now = 0.0
        for _ in 0..<50 {
            rate.noteBegin(atSeconds: now, othersWait: true)
            now += 10
        }
        #expect(abs(try #require(rate.jobs(inSeconds: 3600)) - 360) < 1e-6)
        rate.noteBegin(atSeconds: now, othersWait: false)
        rate.noteBegin(atSeconds: now + 40_000, othersWait: true)
        #expect(abs(try #require(rate.jobs(inSeconds: 3600)) - 360) < 1e-6)
        rate.noteBegin(atSeconds: now + 90_000, othersWait: true)
        #expect(try #require(rate.jobs(inSeconds: 3600)) > 240)
    }
}
