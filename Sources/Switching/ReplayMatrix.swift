import Domain

/// The steps of many episodes in one place, checked: what a learner sweeps over.
struct ReplayMatrix {
    private(set) var featureCount: Int
    /// One for each step, episodes one after the other, steps in the order of time.
    private(set) var steps: [Step] = []
    /// [steps, featureCount] row-major.
    private(set) var features: [Float] = []
    /// The features of the final states, [finals, featureCount] row-major.
    private(set) var finals: [Float] = []

    /// Beyond these the sums of squares would lose the prior, and the factorisation trap.
    private static let greatestFeature: Float = 1000
    private static let greatestReward = 1e9

    struct Step {
        var role: Role
        var reward: Double
        var isMasked: Bool
        /// How much of a step it counts for, above 0.
        var weight: Double
        /// The step's target is known; false only for the last step of a truncated episode without its final state.
        var isTaught = true
        var following = Following.step
    }

    /// What comes after a step.
    enum Following {
        /// The next row.
        case step
        case end
        /// A row of the final states.
        case final(Int, isMasked: Bool)
        case unknown
    }

    init(_ episodes: [TrainingEpisode], featureCount: Int) throws(SwitchingError) {
        precondition(featureCount > 0, "a learner needs at least one feature")
        self.featureCount = featureCount
        let count = episodes.reduce(0) { $0 + $1.steps.count }
        steps.reserveCapacity(count)
        features.reserveCapacity(count * featureCount)
        for (number, episode) in episodes.enumerated() {
            precondition(episode.weight > 0 && episode.weight <= 1, "a weight of \(episode.weight) is not in (0, 1]")
            for (index, step) in episode.steps.enumerated() {
                try Self.check(step.features, featureCount, episode: number, step: index)
                guard abs(step.reward) <= Self.greatestReward else {
                    throw .outOfRange(episode: number, step: index, what: "reward")
                }
                features += step.features
                steps.append(
                    Step(
                        role: step.role, reward: step.reward, isMasked: step.maskReason != nil, weight: episode.weight))
            }
            if episode.steps.isEmpty { continue }
            let last = steps.count - 1
            if !episode.isTruncated {
                steps[last].following = .end
            } else if let final = episode.final {
                try Self.check(final.features, featureCount, episode: number, step: episode.steps.count)
                steps[last].following = .final(finals.count / featureCount, isMasked: final.maskReason != nil)
                finals += final.features
            } else {
                steps[last].following = .unknown
                steps[last].isTaught = false
            }
        }
    }

    var count: Int { steps.count }

    var finalCount: Int { finals.count / featureCount }

    /// The same steps seen through other features.
    /// - Shapes: `features` [steps, featureCount], `finals` [finals, featureCount], both row-major.
    func seen(through features: [Float], finals: [Float], featureCount: Int) -> ReplayMatrix {
        precondition(
            features.count == count * featureCount && finals.count == finalCount * featureCount,
            "\(features.count) features for \(count) steps of \(featureCount)")
        var seen = self
        seen.features = features
        seen.finals = finals
        seen.featureCount = featureCount
        return seen
    }

    /// Where a step's features lie in `features`, and a final state's in `finals`; a method cannot return a span yet.
    func row(_ index: Int) -> Range<Int> { (index * featureCount)..<((index + 1) * featureCount) }

    private static func check(
        _ features: [Float], _ featureCount: Int, episode: Int, step: Int
    ) throws(SwitchingError) {
        guard features.count == featureCount else {
            throw .featureCountMismatch(episode: episode, step: step, expected: featureCount, found: features.count)
        }
        guard features.allSatisfy({ abs($0) <= Self.greatestFeature }) else {
            throw .outOfRange(episode: episode, step: step, what: "feature vector")
        }
    }
}
