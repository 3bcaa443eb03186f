import Domain
import Switching

/// Paper notes, trap 6: two steps, QUICK right with 1/2 in each, DEEPTHINK always, and the verdict, whether both were
/// right, only at the end. The features are the step with who wrote the one before and with the calls left, one-hot.
struct AndChainSimulation {
    /// n: the most calls of an episode; 2 is no limit.
    var budget: Int

    static let featureCount = 9

    func features(_ step: Int, last: Role?, remaining: Int) -> [Float] {
        let place = step == 0 ? 0 : last == .quick ? 1 : 2
        return (0..<Self.featureCount).map { $0 == 3 * place + remaining ? 1 : 0 }
    }

    func exploringEpisodes(_ count: Int, seed: UInt64) -> [TrainingEpisode] {
        var generator = SplitMix64(seed: seed)
        var choices = SplitMix64(seed: seed + 1000)
        return (0..<count).map { _ in run(using: &generator) { _ in choices.nextUniform() < 0.5 } }
    }

    /// Who writes both steps under a policy.
    func roles(_ policy: Policy, cost: Double) -> [Role] {
        var generator = SplitMix64(seed: 1)
        return run(using: &generator) { features in policy.greedy(features, cost: cost) == .deepthink }.steps
            .map(\.role)
    }

    private func run(
        using generator: inout SplitMix64, wantsDeepthink: ([Float]) -> Bool
    ) -> TrainingEpisode {
        var remaining = budget
        var last: Role?
        var isRight = true
        var steps: [TrainingStep] = []
        for index in 0..<2 {
            let features = features(index, last: last, remaining: remaining)
            let isMasked = remaining == 0
            let role: Role = !isMasked && wantsDeepthink(features) ? .deepthink : .quick
            if role == .deepthink { remaining -= 1 }
            if role == .quick && generator.nextUniform() < 0.5 { isRight = false }
            steps.append(
                TrainingStep(
                    features: features, role: role, reward: index == 1 && isRight ? 1 : 0,
                    propensity: isMasked ? 1 : 0.5, maskReason: isMasked ? .calls : nil))
            last = role
        }
        return TrainingEpisode(steps: steps)
    }
}
