import Domain
import Switching
import Testing

/// LONDI-B: the budget is a hard mask, in acting and in learning.
@Suite struct BudgetTests {
    /// Paper notes, test A': at cost 0 a budget of B calls goes to exactly the B hardest states.
    @Test(
        .timeLimit(.minutes(20)),
        arguments: [Set<Int>(), [5], [2, 5], [2, 4, 5], [2, 4, 5, 6], [1, 2, 4, 5, 6]], [UInt64(1), 2, 3, 4])
    func `a budget goes to the hardest states of the chain`(expected: Set<Int>, seed: UInt64) throws {
        let simulation = BudgetChainSimulation(budget: expected.count)
        let policy = try learntPolicy(
            simulation.exploringEpisodes(60_000, seed: seed), cost: 0, featureCount: simulation.featureCount)
        #expect(simulation.activatedOnTheWay(policy, cost: 0) == expected, "seed \(seed)")
    }

    /// Paper notes, test C: with the last q = .1 and B = 2 one unit must be kept to the very end.
    @Test func `a unit of the budget is kept for the last state where that is the hardest`() throws {
        var simulation = BudgetChainSimulation(budget: 2)
        simulation.chain.survival = [1, 0.9, 0.3, 1, 0.6, 0.6, 0.8, 0.1]
        let policy = try learntPolicy(
            simulation.exploringEpisodes(60_000, seed: 9), cost: 0, featureCount: simulation.featureCount)
        #expect(simulation.activatedOnTheWay(policy, cost: 0) == [2, 7])
    }

    /// The targets honour the mask. In `open` DEEPTHINK is worth 1 more than QUICK; `before` leads to the same state
    /// with the budget spent, where that is out of reach: a target without the mask would promise 1.
    @Test(arguments: TestedLearner.allCases)
    func `what leads to a masked state is worth what QUICK can do there`(tested: TestedLearner) throws {
        try check(tested.learner())
    }

    /// Where nothing follows a trace every target is bootstrapped.
    @Test func `a masked state is worth no more where every target is bootstrapped`() throws {
        var learner = FittedQ()
        learner.traceDecay = 0
        try check(learner)
    }

    private func check(_ learner: any Learner) throws {
        let open: [Float] = [1, 0]
        let before: [Float] = [0, 1]
        var episodes: [TrainingEpisode] = []
        for _ in 0..<100 {
            episodes.append(TrainingEpisode(steps: [TrainingStep(features: open, role: .deepthink, reward: 1)]))
            episodes.append(TrainingEpisode(steps: [TrainingStep(features: open, role: .quick, reward: 0)]))
            episodes.append(
                TrainingEpisode(steps: [
                    TrainingStep(features: before, role: .quick, reward: 0),
                    TrainingStep(features: open, role: .quick, reward: 0, maskReason: .calls),
                ]))
        }
        let policy = try learntPolicy(episodes, cost: 0, featureCount: 2, learner: learner)
        #expect(policy.values(open, cost: 0).deepthink > 0.9)
        #expect(policy.values(before, cost: 0).quick < 0.1)
    }

    /// Theorem 2 while training: with an exploration rate of 1 and any policy, calls never exceed the budget.
    @Test(arguments: SwitcherKind.allCases)
    func `no episode calls more often than its budget, even when every step explores`(kind: SwitcherKind) throws {
        let simulation = BudgetChainSimulation(budget: 3)
        let policy = try learntPolicy(
            simulation.exploringEpisodes(200, seed: 1), cost: 0, featureCount: simulation.featureCount,
            learner: learner(for: kind) ?? FittedQ())
        let settings = SwitcherSettings(
            kind: kind, cost: 0, parameter: kind == .threshold ? -0.5 : 1, explorationRate: 1, explorationShare: 1)
        var calls = 0
        for episode in 0..<2_000 {
            var remaining = 3
            for step in 0..<8 {
                let decision = decide(
                    features: simulation.features(step, remaining: remaining),
                    state: SwitcherState(
                        question: "", stepIndex: step, maxSteps: 8, lastRole: .quick,
                        quickLogProbabilities: LogProbabilities(
                            minimum: -9, lowerQuartile: -8, median: -7, mean: -6), emptySteps: 2),
                    settings: settings,
                    policy: episode.isMultiple(of: 2) ? policy : nil, mask: remaining == 0 ? .calls : nil,
                    explorationAllowed: true,
                    seed: decisionSeed(job: JobID(Int64(episode + 1)), episode: 1, step: step))
                if decision.role == .deepthink { remaining -= 1 }
            }
            #expect(remaining >= 0, "episode \(episode)")
            calls += 3 - remaining
        }
        #expect(kind == .alwaysQuick ? calls == 0 : calls > 3_000, "the test must have something to refuse")
    }

    /// Horizon 1, n = 0, DEEPTHINK certain to be right: QUICK all the same, for every kind of switcher.
    @Test(arguments: SwitcherKind.allCases)
    func `an empty budget leaves only QUICK`(kind: SwitcherKind) throws {
        let episodes = (0..<40).map { index in
            TrainingEpisode(steps: [
                TrainingStep(
                    features: [1], role: index.isMultiple(of: 2) ? .deepthink : .quick,
                    reward: index.isMultiple(of: 2) ? 1 : 0)
            ])
        }
        let policy = try learntPolicy(
            episodes, cost: 0, featureCount: 1, learner: learner(for: kind) ?? FittedQ())
        let state = SwitcherState(
            question: "?", maxSteps: 1, lastRole: .quick,
            quickLogProbabilities: LogProbabilities(minimum: -9, lowerQuartile: -8, median: -7, mean: -6))
        let settings = SwitcherSettings(
            kind: kind, cost: 0, parameter: kind == .random ? 1 : -1, explorationRate: 1)
        for seed in UInt64(0)..<100 {
            let decision = decide(
                features: [1], state: state, settings: settings, policy: policy, mask: .tokens,
                explorationAllowed: true, seed: seed)
            #expect(decision.role == .quick)
            #expect(decision.propensity == 1)
            #expect(decision.maskReason == .tokens)
            #expect(!decision.isExploration)
        }
        if kind.learns {
            let decision = decide(
                features: [1], state: state, settings: settings, policy: policy, mask: .calls,
                explorationAllowed: true, seed: 1)
            let values = try #require(decision.values)
            #expect(values.deepthink > values.quick + 0.5)
        }
        let wants = wantsDeepthink(features: [1], state: state, settings: settings, policy: policy, seed: 1)
        #expect(wants == (kind != .alwaysQuick))
    }
}
