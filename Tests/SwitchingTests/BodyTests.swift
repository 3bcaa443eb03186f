import Domain
import Testing

@testable import Switching

/// What each body says where it knows little, or is asked for something else than it was trained for.
@Suite struct BodyTests {
    private static func step(_ feature: Float, _ role: Role, _ reward: Double) -> TrainingEpisode {
        TrainingEpisode(steps: [TrainingStep(features: [feature], role: role, reward: reward)])
    }

    /// A tie out of ignorance must not cost a call, not even at no price.
    @Test(arguments: [0, 0.1])
    func `certainty equivalence leaves what it has not seen to QUICK`(cost: Double) throws {
        let episodes = [
            Self.step(1, .quick, 0.5), Self.step(2, .quick, 0.25), Self.step(2, .deepthink, 0.75),
            Self.step(3, .deepthink, 1),
        ]
        let policy = try learntPolicy(episodes, cost: cost, featureCount: 1, learner: CertaintyEquivalence())
        #expect(policy.greedy([1], cost: cost) == .quick, "DEEPTHINK was not tried")
        #expect(policy.greedy([2], cost: cost) == .deepthink, "both were tried")
        #expect(policy.greedy([3], cost: cost) == .quick, "QUICK was not tried")
        #expect(policy.greedy([4], cost: cost) == .quick, "nothing was tried")
        #expect(policy.values([2], cost: 0) == ActionValues(quick: 0.25, deepthink: 0.75))
        #expect(policy.values([1], cost: 0) == ActionValues(quick: 0.5, deepthink: 0.5))
        #expect(policy.deviation([4]) > policy.deviation([1]) && policy.deviation([1]) > policy.deviation([2]))
    }

    /// States are told apart by their bits, and found whatever their order.
    @Test func `a table finds each of its states and no other`() throws {
        var generator = SplitMix64(seed: 5)
        let rows = (0..<200).map { index in
            TabularValues.Row(
                features: [Float(2 * generator.nextUniform() - 1), index.isMultiple(of: 2) ? 0 : -0.0],
                forecast: Forecast(
                    reward: ActionValues(quick: Double(index), deepthink: 0),
                    callsAfter: ActionValues(quick: 0, deepthink: 0)),
                isFullyTried: true, differenceVariance: 1)
        }
        let table = TabularValues(featureCount: 2, rows: rows)
        for row in rows {
            #expect(table.forecast(row.features.span) == row.forecast)
            let other = [row.features[0], row.features[1].sign == .minus ? 0 : -0.0]
            #expect(table.forecast(other.span) == .nothing)
        }
    }

    @Test func `certainty equivalence refuses more states than its limit`() throws {
        var learner = CertaintyEquivalence()
        learner.stateLimit = 3
        let episodes = (0..<4).map { Self.step(Float($0), .quick, 1) }
        _ = try learner.learn(from: Array(episodes.prefix(3)), settings: SwitcherSettings(), featureCount: 1)
        #expect(throws: SwitchingError.tooManyStates(limit: 3)) {
            try learner.learn(from: episodes, settings: SwitcherSettings(), featureCount: 1)
        }
        #expect(SwitchingError.tooManyStates(limit: 3).description.contains("few distinct states"))
    }

    /// The actor has learnt one price; the critics' forecast holds at all.
    @Test func `an actor-critic acts by its critics at another cost than its own`() throws {
        let chain = ChainSimulation.fixture
        let policy = try learntPolicy(
            chain.exploringEpisodes(20_000, seed: 2), cost: 0.15, featureCount: chain.stateCount,
            learner: TestedLearner.sac.learner())
        #expect(chain.activated(policy, cost: 0.15) == [2, 4, 5, 6])
        // Forecasts follow the policy of 0.15, so far dearer calls are the clearest case.
        #expect(chain.activated(policy, cost: 2) == [])
        #expect(chain.activated(policy, cost: 0.001).isSuperset(of: [1, 2, 4, 5, 6]))
    }

    /// Episodes of another pair count for less: half a weight is half a step.
    @Test(arguments: [SwitcherKind.fittedQ, .certaintyEquivalence])
    func `an episode of less weight counts for less`(kind: SwitcherKind) throws {
        let found = learner(for: kind)
        let learner = try #require(found)
        func value(_ weight: Double) throws -> Double {
            var doubtful = (0..<50).map { _ in Self.step(1, .quick, 1) }
            for index in doubtful.indices { doubtful[index].weight = weight }
            let others = (0..<50).map { _ in Self.step(1, .quick, 0) }
            return try learntPolicy(doubtful + others, cost: 0, featureCount: 1, learner: learner)
                .values([1], cost: 0).quick
        }
        #expect(abs(try value(1) - 0.5) < 0.02)
        #expect(abs(try value(0.25) - 0.2) < 0.02)
    }
}
