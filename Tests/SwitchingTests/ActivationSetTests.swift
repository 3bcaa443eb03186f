import Domain
import Switching
import Testing

/// Theorem 1 as a test: the learner must find the optimal activation set, known in closed form, from data alone.
@Suite struct ActivationSetTests {
    static let seeds: ClosedRange<UInt64> = 1...20

    /// Paper notes, test A. The data do not depend on the cost, so each seed's episodes serve all costs. The smallest
    /// margin among them, |Delta - c| = 0.01 in state 6 at c = 0.21, sets the number of episodes.
    @Test(.timeLimit(.minutes(20)), arguments: seeds)
    func `the activation set of the success chain is exact at every cost`(seed: UInt64) throws {
        let chain = ChainSimulation.fixture
        let episodes = chain.exploringEpisodes(100_000, seed: seed)
        let expected: [(cost: Double, activated: Set<Int>)] = [
            (0.05, [1, 2, 4, 5, 6]), (0.10, [2, 4, 5, 6]), (0.15, [2, 4, 5, 6]), (0.21, [2, 4, 5]), (0.30, [5]),
            (0.40, [5]), (0.60, [5]), (0.80, []),
        ]
        for (cost, activated) in expected {
            let enough = cost == 0.21 ? episodes : Array(episodes.prefix(30_000))
            let policy = try learntPolicy(enough, cost: cost, featureCount: chain.stateCount)
            #expect(chain.activated(policy, cost: cost) == activated, "seed \(seed), cost \(cost)")
        }
    }

    /// The values behind the set, V = [.36, .36, .40, .55, .55, .70, .85, 1] at c = 0.15.
    @Test func `the values of the success chain are those of the closed form`() throws {
        let chain = ChainSimulation.fixture
        let policy = try learntPolicy(
            chain.exploringEpisodes(100_000, seed: 7), cost: 0.15, featureCount: chain.stateCount)
        for (state, expected) in [0.36, 0.36, 0.40, 0.55, 0.55, 0.70, 0.85, 1].enumerated() {
            let values = policy.values(chain.features(state), cost: 0.15)
            #expect(abs(max(values.quick, values.deepthink) - expected) < 0.02, "state \(state): \(values)")
        }
    }

    /// Equal q: only the hard states nearest the goal are worth their price, `1 + floor(1/c - 1/(1-q))` of them. (The
    /// notes' (q, c) = (.8, .1) is an exact tie in the sixth state and cannot be asked of data.)
    @Test(arguments: [(0.5, 0.15, 5), (0.2, 0.2, 4), (0.8, 0.13, 3), (0.5, 0.45, 1), (0.5, 0.55, 0)])
    func `with equal states only those nearest the goal are activated`(quick: Double, cost: Double, count: Int) throws {
        let chain = ChainSimulation(survival: Array(repeating: quick, count: 8))
        let policy = try learntPolicy(
            chain.exploringEpisodes(100_000, seed: 3), cost: cost, featureCount: chain.stateCount)
        #expect(chain.activated(policy, cost: cost) == Set((8 - count)..<8))
    }

    /// Section 1's property of any correct solver: calls do not rise with their price.
    @Test func `a higher cost never activates more states`() throws {
        let chain = ChainSimulation.fixture
        let episodes = chain.exploringEpisodes(20_000, seed: 11)
        var previous = Int.max
        for cost in [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0] {
            let policy = try learntPolicy(episodes, cost: cost, featureCount: chain.stateCount)
            let count = chain.activated(policy, cost: cost).count
            #expect(count <= previous, "cost \(cost) activates \(count) states, a lower one \(previous)")
            previous = count
        }
    }

    /// Paper notes, test B: an infinite horizon, cut into truncated pieces. A learner that takes the cut for the end is
    /// far off, and so is a myopic one: at c = 1.2 the cost exceeds every one-step reward.
    @Test(arguments: [(0.10, 9.0, 8.0), (0.19, 8.184746, 7.176271), (1.2, 6.727273, 4.909091)])
    func `truncated episodes bootstrap to the values of the endless problem`(
        cost: Double, good: Double, bad: Double
    ) throws {
        var learner = FittedQ()
        learner.discount = 0.9
        let policy = try learntPolicy(
            TwoStateSimulation.episodes(20_000, seed: 5), cost: cost, featureCount: 2, learner: learner)
        for (state, expected) in [good, bad].enumerated() {
            let values = policy.values(TwoStateSimulation.features(state), cost: cost)
            #expect(abs(max(values.quick, values.deepthink) - expected) < 0.06, "state \(state): \(values)")
        }
    }
}

/// Test B's two states: G (0) pays 1, B (1) pays 0; QUICK falls from G with .2 and rises from B with .3, DEEPTHINK
/// always leads to G.
enum TwoStateSimulation {
    static func features(_ state: Int) -> [Float] { state == 0 ? [1, 0] : [0, 1] }

    static func episodes(_ count: Int, seed: UInt64) -> [TrainingEpisode] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            var state = generator.nextUniform() < 0.5 ? 0 : 1
            let steps = (0..<10).map { _ in
                let role: Role = generator.nextUniform() < 0.5 ? .deepthink : .quick
                let step = TrainingStep(
                    features: features(state), role: role, reward: state == 0 ? 1 : 0, propensity: 0.5)
                let risesTo = state == 0 ? 0.8 : 0.3
                state = role == .deepthink || generator.nextUniform() < risesTo ? 0 : 1
                return step
            }
            return TrainingEpisode(steps: steps, isTruncated: true, final: .init(features: features(state)))
        }
    }
}
