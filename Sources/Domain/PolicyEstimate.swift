/// A number that was estimated, with its 95 % interval.
package struct Estimate: Hashable, Codable, Sendable {
    package var value: Double
    package var lower: Double
    package var upper: Double

    package init(value: Double, lower: Double, upper: Double) {
        self.value = value
        self.lower = lower
        self.upper = upper
    }
}

/// What a policy would have come to in one job, estimated from what other policies did and the odds they did it with.
package struct PolicyEstimate: Hashable, Codable, Sendable {
    /// Units of reward, without the price of the calls.
    package var reward: Estimate
    /// DEEPTHINK calls.
    package var calls: Estimate
    /// The reward less the price of the calls.
    package var net: Estimate
    /// Logged episodes that were looked at.
    package var episodeCount: Int
    /// How many episodes of the policy's own they are worth, 0 to `episodeCount`: few where the policies that were in
    /// force chose differently.
    package var effectiveCount: Double
    /// The share of the episodes in which the policy comes to a choice that could not have been logged, as its odds
    /// were 0: there the estimate rests on the model alone.
    package var unsupportedShare: Double

    /// Below so many effective episodes an estimate says next to nothing, and its interval cannot be trusted either.
    package static let fewestEffective = 20.0

    package init(
        reward: Estimate, calls: Estimate, net: Estimate, episodeCount: Int, effectiveCount: Double,
        unsupportedShare: Double
    ) {
        self.reward = reward
        self.calls = calls
        self.net = net
        self.episodeCount = episodeCount
        self.effectiveCount = effectiveCount
        self.unsupportedShare = unsupportedShare
    }

    /// Too few logged episodes went the policy's way.
    package var hasLittleOverlap: Bool { effectiveCount < Self.fewestEffective }
}
