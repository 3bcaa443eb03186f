import Domain
import Switching

/// The success chain of the paper notes, test A: in state i QUICK survives with probability q[i] and DEEPTHINK always;
/// dying ends with 0, the end pays 1. States are one-hot features. Seeded, so that each run is the same.
struct ChainSimulation {
    var survival: [Double]

    static let fixture = ChainSimulation(survival: [1, 0.9, 0.3, 1, 0.6, 0.1, 0.8, 1])

    var stateCount: Int { survival.count }

    func features(_ state: Int) -> [Float] {
        (0..<stateCount).map { $0 == state ? 1 : 0 }
    }

    /// Episodes that begin anywhere and choose evenly, so that every state is seen with both actions.
    func exploringEpisodes(_ count: Int, seed: UInt64) -> [TrainingEpisode] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            let start = Int(generator.nextUniform() * Double(stateCount))
            return episode(from: start, using: &generator) { _, seed in seed.isMultiple(of: 2) ? .quick : .deepthink }
        }
    }

    /// One episode; `choose` is given the state and a seed.
    func episode(
        from start: Int = 0, using generator: inout SplitMix64, choose: (Int, UInt64) -> Role
    ) -> TrainingEpisode {
        var steps: [TrainingStep] = []
        for state in start..<stateCount {
            let role = choose(state, generator.next())
            let survives = role == .deepthink || generator.nextUniform() < survival[state]
            let reward = survives && state == stateCount - 1 ? 1.0 : 0
            steps.append(TrainingStep(features: features(state), role: role, reward: reward))
            if !survives { break }
        }
        return TrainingEpisode(steps: steps)
    }

    /// The states in which a policy calls DEEPTHINK.
    func activated(_ policy: Policy, cost: Double) -> Set<Int> {
        Set((0..<stateCount).filter { policy.greedy(features($0), cost: cost) == .deepthink })
    }
}

/// The same chain under LONDI-B: the remaining budget z joins the state, [states x (budget + 1)] one-hot, and at z = 0
/// DEEPTHINK is masked.
struct BudgetChainSimulation {
    var chain = ChainSimulation.fixture
    var budget: Int

    var featureCount: Int { chain.stateCount * (budget + 1) }

    func features(_ state: Int, remaining: Int) -> [Float] {
        var features = [Float](repeating: 0, count: featureCount)
        features[state * (budget + 1) + remaining] = 1
        return features
    }

    func exploringEpisodes(_ count: Int, seed: UInt64) -> [TrainingEpisode] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            var remaining = Int(generator.nextUniform() * Double(budget + 1))
            var steps: [TrainingStep] = []
            for state in Int(generator.nextUniform() * Double(chain.stateCount))..<chain.stateCount {
                let isMasked = remaining == 0
                let role: Role = !isMasked && generator.nextUniform() < 0.5 ? .deepthink : .quick
                let survives = role == .deepthink || generator.nextUniform() < chain.survival[state]
                steps.append(
                    TrainingStep(
                        features: features(state, remaining: remaining), role: role,
                        reward: survives && state == chain.stateCount - 1 ? 1 : 0, propensity: isMasked ? 1 : 0.5,
                        maskReason: isMasked ? .calls : nil))
                if role == .deepthink { remaining -= 1 }
                if !survives { break }
            }
            return TrainingEpisode(steps: steps)
        }
    }

    /// The states in which a policy spends the budget on the way from the first state to the goal.
    func activatedOnTheWay(_ policy: Policy, cost: Double) -> Set<Int> {
        var remaining = budget
        var activated: Set<Int> = []
        for state in 0..<chain.stateCount where remaining > 0 {
            if policy.greedy(features(state, remaining: remaining), cost: cost) == .deepthink {
                activated.insert(state)
                remaining -= 1
            }
        }
        return activated
    }
}

/// A policy of version 1 from episodes with any features.
func learntPolicy(
    _ episodes: [TrainingEpisode], cost: Double, featureCount: Int, learner: any Learner = FittedQ()
) throws -> Policy {
    let body = try learner.learn(
        from: episodes, settings: SwitcherSettings(cost: cost), featureCount: featureCount)
    return Policy(
        kind: learner.kind, version: 1, encoderIdentity: "one-hot-\(featureCount)", pairKey: "quick+deepthink",
        body: body, episodeCount: episodes.count, throughOutcome: Int64(episodes.count))
}
