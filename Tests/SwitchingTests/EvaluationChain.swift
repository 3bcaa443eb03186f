import Domain
import Switching

/// A short success chain whose policies have values that can be written down: in state i QUICK survives with probability
/// `quick[i]` and DEEPTHINK with `deepthink[i]`; dying ends with 0, the end pays 1. Logged by a policy that calls
/// DEEPTHINK with a probability that depends on the state.
struct EvaluationChain {
    var quick = [0.8, 0.6, 0.7]
    var deepthink = [0.85, 0.75, 0.85]
    var odds = [0.5, 0.5, 0.5]
    static let cost = 0.1

    func features(_ state: Int) -> [Float] { quick.indices.map { $0 == state ? 1 : 0 } }

    func history(_ count: Int, seed: UInt64) -> [TrainingEpisode] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            var steps: [TrainingStep] = []
            for state in quick.indices {
                let isDeepthink = generator.nextUniform() < odds[state]
                let survives = generator.nextUniform() < (isDeepthink ? deepthink : quick)[state]
                steps.append(
                    TrainingStep(
                        features: features(state), role: isDeepthink ? .deepthink : .quick,
                        reward: survives && state == quick.count - 1 ? 1 : 0,
                        propensity: isDeepthink ? odds[state] : 1 - odds[state]))
                if !survives { break }
            }
            return TrainingEpisode(steps: steps)
        }
    }

    /// The true reward and calls of a policy that calls DEEPTHINK with probability `choose(state)`, at most `limit` times.
    func value(limit: Int = .max, _ choose: (Int) -> Double) -> (reward: Double, calls: Double) {
        func value(from state: Int, left: Int) -> (reward: Double, calls: Double) {
            guard state < quick.count else { return (1, 0) }
            let odds = left > 0 ? choose(state) : 0
            var sum = (reward: 0.0, calls: 0.0)
            for (share, survival, calls) in [(1 - odds, quick[state], 0), (odds, deepthink[state], 1)] where share > 0 {
                let after = value(from: state + 1, left: left - calls)
                sum.reward += share * survival * after.reward
                sum.calls += share * (Double(calls) + survival * after.calls)
            }
            return sum
        }
        return value(from: 0, left: limit)
    }

    /// The state of a step, from its features.
    static func state(_ step: TrainingStep) -> Int { step.features.firstIndex(of: 1) ?? 0 }

    func crossFit(_ history: [TrainingEpisode]) throws -> CrossFit {
        try CrossFit(history, featureCount: quick.count)
    }
}
