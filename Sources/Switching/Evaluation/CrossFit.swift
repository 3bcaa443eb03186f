package import Domain

/// Episodes in folds, and for each fold what the other folds teach: whatever corrects a model must not have been seen by
/// it, or the correction is too small.
///
/// - Source: Chernozhukov et al., "Double/debiased machine learning", 2018 (cross-fitting).
package struct CrossFit: Sendable {
    package static let foldCount = 4

    /// In the order of time; their fold is their index modulo the number of folds.
    package let episodes: [TrainingEpisode]
    /// One for each fold, of the other folds.
    private let evaluations: [FittedEvaluation]
    private let bounds: ReturnBounds

    /// - Throws: as a learner.
    package init(_ episodes: [TrainingEpisode], featureCount: Int) throws(SwitchingError) {
        self.episodes = episodes
        bounds = ReturnBounds(episodes, discount: 1)
        var evaluations: [FittedEvaluation] = []
        for fold in 0..<Self.foldCount {
            try goOn()
            evaluations.append(
                try FittedEvaluation(Self.without(fold, episodes[...]), featureCount: featureCount))
        }
        self.evaluations = evaluations
    }

    /// For each fold the policy that is learnt without it: evaluated on its fold, it says what the way of learning is
    /// worth, and not how well one policy fits the very episodes that it was learnt from.
    /// - Parameter count: only the first so many episodes are learnt from, as a policy of that time was; nil: all.
    package func learn(
        from count: Int? = nil, _ learner: any Learner, settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> [PolicyBody] {
        var bodies: [PolicyBody] = []
        for fold in 0..<Self.foldCount {
            let others = Self.without(fold, episodes.prefix(count ?? episodes.count))
            // Only its choices are evaluated.
            bodies.append(try learner.learnGreedy(from: others, settings: settings, featureCount: featureCount))
        }
        return bodies
    }

    /// What a policy would have come to in these episodes, doubly robust: a model's forecast, corrected step by step with
    /// what happened, as far as the policy would have gone there.
    ///
    /// `V(t) = sum_g pi(g) Q(s, g) + rho (r + V(t + 1) - Q(s, g_t))` with `rho = pi(g_t) / propensity`, for the reward
    /// and for the calls; Q is the policy's own, by `FittedEvaluation` on the other folds. Without bias whatever the
    /// model is, where each choice of the policy's had odds above 0. The interval is the mean's plus and minus 1.96
    /// standard errors over episodes: normal, so from `PolicyEstimate.fewestEffective` effective episodes on. From the step on
    /// that fewer of them reached by the policy's choices, as in long episodes, the forecast stands alone: to correct it by the
    /// one or two that did would only add their luck; what the forecast may miss there is not in the interval. Episodes of less
    /// weight than 1 teach the model and are not evaluated.
    /// - Parameter target: the policy to evaluate on a fold's episodes.
    /// - Returns: nil where there are no two episodes to evaluate on, or the task is cancelled.
    /// - Source: Jiang and Li, "Doubly robust off-policy value evaluation for reinforcement learning", 2016, equation 10; for the
    ///   end of the correction Thomas and Brunskill, "Data-efficient off-policy policy evaluation", 2016, section 6, whose best
    ///   mixture of all such ends is here the last one with enough episodes.
    package func doublyRobust(cost: Double, _ target: (_ fold: Int) -> TargetPolicy) -> PolicyEstimate? {
        corrected(cost: cost, target)?.estimate
    }

    /// The same, with the number of steps through which it is corrected.
    func corrected(
        cost: Double, _ target: (_ fold: Int) -> TargetPolicy
    ) -> (estimate: PolicyEstimate, horizon: Int)? {
        let evaluated = evaluated
        let targets = (0..<Self.foldCount).map(target)
        let paths = evaluated.map { LoggedPath($0.element, target: targets[$0.offset % Self.foldCount]) }
        let horizon = LoggedPath.horizon(paths)
        var sums = EpisodeValues(cost: cost)
        for fold in 0..<Self.foldCount {
            let model = evaluations[fold].values(of: targets[fold])
            for ((index, episode), path) in zip(evaluated, paths) where index % Self.foldCount == fold {
                var value = (reward: 0.0, calls: 0.0)
                for (place, (step, choice)) in zip(episode.steps, path.choices).enumerated().prefix(horizon + 1)
                    .reversed()
                {
                    let forecast = model.forecast(step.features.span).within(bounds)
                    let expected = forecast.of(step.role)
                    let mean = forecast.mean(deepthink: choice.deepthink)
                    if place == horizon {
                        value = mean
                        continue
                    }
                    let call = step.role == .deepthink ? 1.0 : 0
                    value.reward = mean.reward + choice.ratio * (step.reward + value.reward - expected.reward)
                    value.calls = mean.calls + choice.ratio * (call + value.calls - expected.calls)
                }
                sums.append(reward: value.reward, calls: value.calls, path)
            }
        }
        return Task.isCancelled ? nil : sums.estimate.map { ($0, horizon) }
    }

    /// The same by importance sampling alone: each step's reward weighted by the odds of the way there, weights scaled
    /// to add up to the number of episodes. No model, hence more spread; its bias goes with the number of episodes.
    /// - Returns: nil where there are no two episodes, none went the policy's way at all, or the task is cancelled.
    /// - Source: Precup, Sutton and Singh, "Eligibility traces for off-policy policy evaluation", 2000 (per-decision,
    ///   weighted); the interval by the delta method for a sum of ratios.
    package func importanceSampled(cost: Double, _ target: (_ fold: Int) -> TargetPolicy) -> PolicyEstimate? {
        let evaluated = evaluated
        let paths = evaluated.map { LoggedPath($0.element, target: target($0.offset % Self.foldCount)) }
        var rewards = [Double](repeating: 0, count: evaluated.count)
        var calls = rewards
        let longest = evaluated.reduce(0) { max($0, $1.element.steps.count) }
        for time in 0..<longest {
            if Task.isCancelled { return nil }
            let weights = paths.map { $0.weight(through: time) }
            let mean = weights.reduce(0, +) / Double(max(1, weights.count))
            guard mean > 0 else { return nil }
            func add(_ values: [Double], to sums: inout [Double]) {
                let average = zip(weights, values).reduce(0) { $0 + $1.0 * $1.1 } / mean / Double(weights.count)
                for index in sums.indices {
                    sums[index] += average + weights[index] / mean * (values[index] - average)
                }
            }
            let steps = evaluated.map { time < $0.element.steps.count ? $0.element.steps[time] : nil }
            add(steps.map { $0?.reward ?? 0 }, to: &rewards)
            add(steps.map { $0?.role == .deepthink ? 1 : 0 }, to: &calls)
        }
        var sums = EpisodeValues(cost: cost)
        for (index, path) in paths.enumerated() { sums.append(reward: rewards[index], calls: calls[index], path) }
        return sums.estimate
    }

    /// Steps of an episode, on the mean; 0 without episodes.
    var meanLength: Double {
        let counts = evaluated.map(\.element.steps.count)
        return Double(counts.reduce(0, +)) / Double(max(1, counts.count))
    }

    /// The episodes that count in full, with their indices.
    private var evaluated: [(offset: Int, element: TrainingEpisode)] {
        episodes.enumerated().filter { $0.element.weight == 1 && !$0.element.steps.isEmpty }
    }

    private static func without(_ fold: Int, _ episodes: ArraySlice<TrainingEpisode>) -> [TrainingEpisode] {
        episodes.enumerated().filter { $0.offset % foldCount != fold }.map(\.element)
    }
}
