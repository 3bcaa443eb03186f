import Domain
import Switching
import Testing

/// A policy is taken out of force without anybody's word: it must not happen to a sound one.
@Suite struct EvaluationFreezeTests {
    private static func estimate(_ net: Double, _ half: Double, effective: Double = 100) -> PolicyEstimate {
        let net = Estimate(value: net, lower: net - half, upper: net + half)
        return PolicyEstimate(
            reward: net, calls: net, net: net, episodeCount: 200, effectiveCount: effective, unsupportedShare: 0)
    }

    @Test func `nothing is frozen before there are enough jobs`() {
        let trial = [PolicyContestant.incumbent: Self.estimate(0.9, 0.05)]
        let bad = [Double](repeating: 0, count: FreezeRule.window)
        #expect(FreezeRule.alarm(rewards: Array(bad.dropLast()), trial: trial) == nil)
        #expect(FreezeRule.alarm(rewards: bad, trial: [:]) == nil)
        let alarm = FreezeRule.alarm(rewards: bad, trial: trial)
        #expect(alarm?.baseline == .incumbent)
        #expect(abs((alarm?.bound ?? 0) - 0.85) < 1e-12)
    }

    @Test func `the best of the baselines that are known well enough is what is fallen below`() {
        let trial = [
            PolicyContestant.incumbent: Self.estimate(0.5, 0.1), .alwaysQuick: Self.estimate(0.7, 0.1),
            .alwaysDeepthink: Self.estimate(0.9, 0.01, effective: 3), .candidate: Self.estimate(1, 0.01),
        ]
        let alarm = FreezeRule.alarm(rewards: [Double](repeating: 0.55, count: 100), trial: trial)
        #expect(alarm?.baseline == .alwaysQuick)
        #expect(alarm?.standIn(trial, isIncumbentKept: true) == .quick)
        #expect(FreezeRule.alarm(rewards: [Double](repeating: 0.61, count: 100), trial: trial) == nil)
        let noisy = (0..<100).map { $0.isMultiple(of: 2) ? 1.0 : 0.1 }
        #expect(FreezeRule.alarm(rewards: noisy, trial: trial) == nil)
    }

    @Test func `the version before acts again while it is kept, else the better model`() {
        let trial = [
            PolicyContestant.incumbent: Self.estimate(0.9, 0.1), .alwaysQuick: Self.estimate(0.3, 0.1),
            .alwaysDeepthink: Self.estimate(0.5, 0.1),
        ]
        let alarm = FreezeRule.alarm(rewards: [Double](repeating: 0.1, count: 100), trial: trial)
        #expect(alarm?.baseline == .incumbent)
        #expect(alarm?.standIn(trial, isIncumbentKept: true) == nil)
        #expect(alarm?.standIn(trial, isIncumbentKept: false) == .deepthink)
    }

    /// Whoever has most of the jobs, or judges all of hers badly, decides for nobody else.
    @Test func `an alarm stands where it does without any one user's jobs, if the others have enough`() throws {
        let trial = [PolicyContestant.incumbent: Self.estimate(0.7, 0.1)]
        func stands(_ jobs: [(user: UInt32, count: Int, reward: Double)]) throws -> Bool {
            let judged = jobs.flatMap { job in (0..<job.count).map { _ in (user: job.user, reward: job.reward) } }
            let alarm = try #require(FreezeRule.alarm(rewards: judged.map(\.reward), trial: trial))
            return FreezeRule.stands(alarm, judged: judged)
        }
        #expect(try stands([(1, 100, 0)]))
        #expect(try !stands([(1, 100, 0), (2, 20, 1)]))
        #expect(try !stands([(1, 60, 0), (2, 40, 0.65)]))
        #expect(try stands([(1, 100, 0), (2, 19, 1)]))
        #expect(try stands([(1, 60, 0), (2, 40, 0.5)]))
        #expect(try stands([(1, 50, 0), (2, 25, 0.1), (3, 25, 0.5)]))
    }

    /// The rule looks after every job, so one history has hundreds of occasions for a false alarm: 1,000 histories of 500
    /// jobs, each with a bound that was itself estimated from 300 jobs of the same worth.
    @Test func `a sound policy is frozen in less than one history of a hundred`() async {
        let (historyCount, jobCount, worth) = (1_000, 500, 0.7)
        var alarms = 0
        for seed in 1...UInt64(historyCount) {
            await Task.yield()
            var generator = SplitMix64(seed: seed)
            func job() -> Double { (generator.nextUniform() < worth ? 1.0 : 0) - 0.1 * generator.nextUniform() }
            let past = Estimate(meanOf: (0..<300).map { _ in job() })
            let trial = [
                PolicyContestant.incumbent: PolicyEstimate(
                    reward: past, calls: past, net: past, episodeCount: 300, effectiveCount: 300, unsupportedShare: 0)
            ]
            var newest: [Double] = []
            var isFrozen = false
            for _ in 0..<jobCount where !isFrozen {
                newest = Array(([job()] + newest).prefix(FreezeRule.window))
                isFrozen = FreezeRule.alarm(rewards: newest, trial: trial) != nil
            }
            if isFrozen { alarms += 1 }
        }
        #expect(Double(alarms) / Double(historyCount) < 0.01, "\(alarms) of \(historyCount)")
    }

    /// And one that has become bad is frozen, soon.
    @Test func `a policy that has lost half its worth is frozen within a window and a half`() {
        let past = Self.estimate(0.7, 0.05)
        for seed in UInt64(1)...100 {
            var generator = SplitMix64(seed: seed)
            let jobs = (0..<150).map { _ in generator.nextUniform() < 0.35 ? 1.0 : 0 }
            let isFrozen = (100...150).contains { count in
                FreezeRule.alarm(rewards: Array(jobs.prefix(count).reversed()), trial: [.incumbent: past]) != nil
            }
            #expect(isFrozen, "seed \(seed)")
        }
    }
}
