import Domain
import Switching
import Testing

/// What a job would call at each price, from what jobs have done at another.
@Suite struct DemandCurveTests {
    private static let settings = SwitcherSettings(cost: 0.02, explorationRate: 0.1)

    /// Chain A of the paper notes has a closed form: by cost, the states that call, and how often a job comes to them.
    @Test func `on the success chain the curve is the closed form`() throws {
        let chain = ChainSimulation.fixture
        let settings = SwitcherSettings(cost: 0.05, explorationRate: 0)
        let episodes = chain.exploringEpisodes(4000, seed: 1)
        let policy = try learntPolicy(episodes, cost: 0.05, featureCount: chain.stateCount)
        // Jobs as the policy at cost 0.05 makes them, each choice drawn evenly one time in ten.
        var generator = SplitMix64(seed: 2)
        let jobs = (0..<3000).map { _ in
            var episode = chain.episode(using: &generator) { state, seed in
                let greedy = policy.greedy(chain.features(state), cost: 0.05)
                var draw = SplitMix64(seed: seed)
                if draw.nextUniform() >= 0.05 { return greedy }
                return greedy == .quick ? .deepthink : .quick
            }
            for index in episode.steps.indices {
                let greedy = policy.greedy(episode.steps[index].features, cost: 0.05)
                episode.steps[index].propensity = episode.steps[index].role == greedy ? 0.95 : 0.05
            }
            return episode
        }
        let curve = DemandCurve(jobs, policy: policy, settings: settings)
        // All greedy states from {1,2,4,5,6}, {2,4,5,6}, {5}: on the way QUICK survives with q.
        for (price, expected) in [(0.0, 5.0), (0.1, 0.9 * 4), (0.55, 0.9 * 0.3 * 0.6)] {
            let calls = curve.calls(at: price)
            #expect(abs(calls - expected) < 0.25, "\(calls) calls at price \(price), not \(expected)")
        }
        #expect(curve.points.last?.calls == 0)
    }

    @Test func `calls never rise with the price`() throws {
        for seed in UInt64(1)...20 {
            let chain = ChainSimulation.fixture
            let policy = try learntPolicy(
                chain.exploringEpisodes(60, seed: seed), cost: 0.02, featureCount: chain.stateCount)
            let curve = DemandCurve(
                chain.exploringEpisodes(40, seed: seed + 100), policy: policy, settings: Self.settings)
            #expect(curve.points[0].price == 0)
            for (earlier, later) in zip(curve.points, curve.points.dropFirst()) {
                #expect(earlier.price < later.price && earlier.calls >= later.calls, "seed \(seed): \(curve.points)")
            }
        }
    }

    @Test func `without jobs nothing is expected and nothing has a price`() throws {
        let policy = try learntPolicy([], cost: 0.02, featureCount: 8)
        let curve = DemandCurve([], policy: policy, settings: Self.settings)
        let plan = PacingPlan(curve: curve, jobsToCome: 1000, jobsOfDay: 1000, explorationShare: 0.05)
        let budget = BudgetDay(day: DayKey(daysSinceEpoch: 0), limits: BudgetLimits(calls: 3))
        #expect(plan.price(for: budget, worstCase: Spend(calls: 1)) == .free)
        // Another encoder's states say nothing about this policy.
        let other = DemandCurve(
            BudgetChainSimulation(budget: 2).exploringEpisodes(10, seed: 1), policy: policy, settings: Self.settings)
        #expect(other.episodeCount == 0)
    }
}
