package import Domain

/// How a policy would have gone along one logged episode.
struct LoggedPath {
    struct Choice {
        /// The policy's probability of DEEPTHINK.
        var deepthink: Double
        /// Its probability of what was chosen, over the logged one.
        var ratio: Double
    }

    /// One for each step.
    private(set) var choices: [Choice] = []
    /// The product of the ratios through each step.
    private var weights: [Double] = []
    /// The policy comes to a choice here that the log cannot tell about, as the other one had all the odds.
    private(set) var isUnsupported = false

    init(_ episode: TrainingEpisode, target: TargetPolicy) {
        var calls = 0
        var weight = 1.0
        for step in episode.steps {
            let deepthink = target.probability(at: step, calls: calls)
            let isDeepthink = step.role == .deepthink
            let probability = isDeepthink ? deepthink : 1 - deepthink
            if step.propensity >= 1, probability < 1, weight > 0 { isUnsupported = true }
            let ratio = probability / step.propensity
            weight *= ratio
            choices.append(Choice(deepthink: deepthink, ratio: ratio))
            weights.append(weight)
            if isDeepthink { calls += 1 }
        }
    }

    /// The steps before the first one to which fewer than `PolicyEstimate.fewestEffective` episodes went the policy's way.
    static func horizon(_ paths: [LoggedPath]) -> Int {
        let longest = paths.reduce(0) { max($0, $1.choices.count) }
        let end = (0..<longest).first { time in
            effectiveSampleSize(paths.map { $0.weight(through: time) }) < PolicyEstimate.fewestEffective
        }
        return end ?? longest
    }

    /// After its end an episode stays where it ended.
    func weight(through time: Int) -> Double { weights[min(time, weights.count - 1)] }

    /// The odds of the whole episode under the policy, over the logged ones.
    var weight: Double { weights.last ?? 1 }
}

/// One value of each episode, whose mean is an estimate and whose spread its uncertainty.
struct EpisodeValues {
    let cost: Double
    private var rewards: [Double] = []
    private var calls: [Double] = []
    private var weights: [Double] = []
    private var unsupportedCount = 0

    init(cost: Double) { self.cost = cost }

    mutating func append(reward: Double, calls: Double, _ path: LoggedPath) {
        rewards.append(reward)
        self.calls.append(calls)
        weights.append(path.weight)
        if path.isUnsupported { unsupportedCount += 1 }
    }

    /// nil for fewer than two episodes.
    var estimate: PolicyEstimate? {
        let count = Double(rewards.count)
        guard count >= 2 else { return nil }
        return PolicyEstimate(
            reward: Estimate(meanOf: rewards), calls: Estimate(meanOf: calls),
            net: Estimate(meanOf: zip(rewards, calls).map { $0 - cost * $1 }), episodeCount: rewards.count,
            effectiveCount: effectiveSampleSize(weights),
            unsupportedShare: Double(unsupportedCount) / count)
    }
}

/// How many values of equal weight are worth as much as these.
/// - Source: Kish, "Survey sampling", 1965.
private func effectiveSampleSize(_ weights: [Double]) -> Double {
    let (sum, squares) = (weights.reduce(0, +), weights.reduce(0) { $0 + $1 * $1 })
    return squares > 0 ? sum * sum / squares : 0
}

extension Estimate {
    /// A mean with its normal 95 % interval.
    /// - Precondition: two values or more (traps).
    package init(meanOf values: [Double], deviations: Double = 1.96) {
        precondition(values.count >= 2, "an interval needs two values, not \(values.count)")
        let count = Double(values.count)
        let mean = values.reduce(0, +) / count
        let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
        let half = deviations * (variance / count).squareRoot()
        self.init(value: mean, lower: mean - half, upper: mean + half)
    }
}
