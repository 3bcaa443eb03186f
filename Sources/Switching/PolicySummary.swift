package import Domain

/// What a person wants to know of a policy: how much it knows, what moves it, and where it cannot tell.
package struct PolicySummary: Hashable, Sendable {
    package var kind: SwitcherKind
    package var version: Int64
    package var encoderIdentity: String
    package var pairKey: String
    package var episodeCount: Int
    package var throughOutcome: Int64
    /// The cost of a call at which everything below holds, in units of reward.
    package var cost: Double
    /// The features that a person can read, the most influential first.
    package var influences: [Influence]
    /// Of the states given: the share in which DEEPTHINK is called, in which the interval of the difference of the two
    /// values contains 0, and the mean values; nil for no states.
    package var activationShare: Double?
    package var undecidedShare: Double?
    package var meanValues: ActionValues?
    /// Of the states given, by the most influential features; empty for no states.
    package var activations: [Activation]

    /// How one feature moves the choice.
    package struct Influence: Hashable, Sendable {
        package var name: String
        /// What one unit of the feature adds to Q(s, DEEPTHINK) - Q(s, QUICK), in units of reward: positive calls
        /// DEEPTHINK. The bias has the price of the call itself in it.
        package var difference: Double

        package init(name: String, difference: Double) {
            self.name = name
            self.difference = difference
        }
    }

    /// How often DEEPTHINK is called, by where a feature lies.
    package struct Activation: Hashable, Sendable {
        package struct Bucket: Hashable, Sendable {
            /// The least and the greatest of its values.
            package var least: Double
            package var greatest: Double
            package var stateCount: Int
            package var activatedCount: Int
        }

        package var name: String
        /// Ascending; those with a state.
        package var buckets: [Bucket]
    }

    /// The features whose activations are told, and their buckets.
    private static let activationCount = 5
    private static let bucketCount = 4

    /// Reads a policy, at a cost, over the feature vectors of some states (recent steps, held-out jobs).
    /// - Precondition: the policy fits the encoder, and each vector has its feature count (traps).
    package init(_ policy: Policy, encoder: some FeatureEncoder, cost: Double, states: [[Float]] = []) {
        let names = encoder.featureNames
        precondition(
            policy.body.featureCount == names.count, "a policy is read with the encoder that it was learnt for")
        kind = policy.kind
        version = policy.version
        encoderIdentity = policy.encoderIdentity
        pairKey = policy.pairKey
        episodeCount = policy.episodeCount
        throughOutcome = policy.throughOutcome
        self.cost = cost
        let influences = Self.influences(of: policy.body, names: names, cost: cost, states: states)
        self.influences = influences
        activations = []
        guard !states.isEmpty else { return }
        let count = Double(states.count)
        let isActivated = states.map { policy.greedy($0, cost: cost) == .deepthink }
        activationShare = Double(isActivated.count { $0 }) / count
        undecidedShare = Double(states.count { policy.isUndecided($0, cost: cost) }) / count
        let values = states.map { policy.values($0, cost: cost) }
        meanValues = ActionValues(
            quick: values.reduce(0) { $0 + $1.quick } / count, deepthink: values.reduce(0) { $0 + $1.deepthink } / count
        )
        // The bias is everywhere the same.
        activations = influences.filter { $0.name != names[0] }.prefix(Self.activationCount).compactMap { influence in
            guard let feature = names.firstIndex(of: influence.name) else { return nil }
            return Activation(
                name: influence.name, buckets: Self.buckets(states.map { Double($0[feature]) }, isActivated))
        }
    }

    /// Buckets of equal width from the least value to the greatest.
    private static func buckets(_ values: [Double], _ isActivated: [Bool]) -> [Activation.Bucket] {
        let (least, greatest) = (values.min() ?? 0, values.max() ?? 0)
        let width = (greatest - least) / Double(bucketCount)
        var buckets: [Int: Activation.Bucket] = [:]
        for (value, isActivated) in zip(values, isActivated) {
            let place = width > 0 ? min(bucketCount - 1, Int((value - least) / width)) : 0
            var bucket =
                buckets[place] ?? Activation.Bucket(least: value, greatest: value, stateCount: 0, activatedCount: 0)
            bucket.least = min(bucket.least, value)
            bucket.greatest = max(bucket.greatest, value)
            bucket.stateCount += 1
            if isActivated { bucket.activatedCount += 1 }
            buckets[place] = bucket
        }
        return buckets.sorted { $0.key < $1.key }.map(\.value)
    }

    /// The readable features' influences, the greatest first. Of linear values they are the weights; of any other body
    /// what the difference of the values gains, on the mean over the states, when the feature goes from 0 to 1.
    private static func influences(
        of body: PolicyBody, names: [String], cost: Double, states: [[Float]]
    ) -> [Influence] {
        let named = HashedEncoder.denseNames.count
        var differences = [Double](repeating: 0, count: named)
        if case .linear(let values) = body {
            for feature in 0..<named {
                differences[feature] = values.rewardDifference[feature] - cost * values.callsDifference[feature]
            }
            differences[0] -= cost
        } else {
            let states = states.isEmpty ? [[Float](repeating: 0, count: names.count)] : states
            func difference(_ state: [Float]) -> Double {
                let values = body.forecast(state.span).values(cost: cost)
                return values.deepthink - values.quick
            }
            for feature in 0..<named {
                for state in states {
                    var (without, with) = (state, state)
                    without[feature] = 0
                    with[feature] = 1
                    differences[feature] += (difference(with) - difference(without)) / Double(states.count)
                }
            }
        }
        return differences.enumerated().map { Influence(name: names[$0.offset], difference: $0.element) }
            .sorted { (abs($0.difference), $1.name) > (abs($1.difference), $0.name) }
    }
}
