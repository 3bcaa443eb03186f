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
    /// The features that a person can read, the most influential first; none where the values are not linear in them.
    package var influences: [Influence]
    /// The length of the difference's weights over all features, and over those that have no readable name; 0 where the
    /// values are not linear in them.
    package var weightNorm: Double
    package var unnamedWeightNorm: Double
    /// The standard deviation of a step's target around its prediction, in units of reward; 0 where the learner does not
    /// estimate it.
    package var noiseDeviation: Double
    /// Of the states given: the share in which DEEPTHINK is called, and in which the interval of the difference of the
    /// two values contains 0; nil for no states.
    package var activationShare: Double?
    package var undecidedShare: Double?

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

    /// Reads a policy, at a cost, over the feature vectors of some states (recent steps, held-out jobs).
    /// - Precondition: the policy fits the encoder, and each vector has its feature count (traps).
    package init(_ policy: Policy, encoder: some FeatureEncoder, cost: Double, states: [[Float]] = []) {
        let names = encoder.featureNames
        precondition(
            policy.body.featureCount == names.count, "a policy is read with the encoder that it was learnt for")
        let values: LinearValues? =
            switch policy.body {
            case .linear(let values): values
            case .neural, .actorCritic, .tabular: nil
            }
        var weights = values.map { zip($0.rewardDifference, $0.callsDifference).map { $0 - cost * $1 } } ?? []
        if !weights.isEmpty { weights[0] -= cost }
        let named = weights.isEmpty ? 0 : HashedEncoder.denseNames.count

        kind = policy.kind
        version = policy.version
        encoderIdentity = policy.encoderIdentity
        pairKey = policy.pairKey
        episodeCount = policy.episodeCount
        throughOutcome = policy.throughOutcome
        self.cost = cost
        influences = (0..<named).map { Influence(name: names[$0], difference: weights[$0]) }
            .sorted { (abs($0.difference), $1.name) > (abs($1.difference), $0.name) }
        weightNorm = norm(weights[...])
        unnamedWeightNorm = norm(weights[named...])
        noiseDeviation = values?.noiseVariance.squareRoot() ?? 0
        if !states.isEmpty {
            let activated = states.count { policy.greedy($0, cost: cost) == .deepthink }
            let undecided = states.count { policy.isUndecided($0, cost: cost) }
            activationShare = Double(activated) / Double(states.count)
            undecidedShare = Double(undecided) / Double(states.count)
        }
    }
}

/// The Euclidean length.
private func norm(_ weights: ArraySlice<Double>) -> Double {
    weights.reduce(0) { $0 + $1 * $1 }.squareRoot()
}
