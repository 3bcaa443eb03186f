package import Domain

/// One closed episode as a learner sees it: an outcome is known, and every choice with its odds.
package struct TrainingEpisode: Hashable, Sendable {
    /// In the order of time; at least one.
    package var steps: [TrainingStep]
    /// The episode was cut off by something that its state does not show, so that its future is unknown rather than
    /// worth nothing: the learner bootstraps from `final`. A limit that the features do show (a step limit with "step"
    /// and "last step" among them), where the verdict is about the answer as it was cut, may equally be passed as an
    /// end.
    package var isTruncated: Bool
    /// The state after the last step of a truncated episode. nil where it was not kept: then the last step's target is
    /// unknown and that step teaches nothing, while the earlier ones bootstrap from its state.
    package var final: FinalState?
    /// How much it counts, 0 < weight <= 1: less than 1 where it was made under other circumstances (another pair of
    /// models), so that what it taught is kept as a mean with less certainty.
    /// - Source: Ibrahim and Chen, "Power prior distributions for regression models", 2000.
    package var weight: Double

    package init(
        steps: [TrainingStep], isTruncated: Bool = false, final: FinalState? = nil, weight: Double = 1
    ) {
        self.steps = steps
        self.isTruncated = isTruncated
        self.final = final
        self.weight = weight
    }

    /// The state in which a truncated episode was left.
    package struct FinalState: Hashable, Sendable {
        package var features: [Float]
        package var maskReason: MaskReason?

        package init(features: [Float], maskReason: MaskReason? = nil) {
            self.features = features
            self.maskReason = maskReason
        }
    }
}

/// One decided step of a closed episode.
package struct TrainingStep: Hashable, Sendable {
    /// What the Switcher saw.
    package var features: [Float]
    package var role: Role
    /// The step's own reward, without the cost of DEEPTHINK; a verdict on the whole answer belongs to the last step.
    package var reward: Double
    /// The probability with which `role` was chosen, 0 < p <= 1.
    package var propensity: Double
    /// Set where DEEPTHINK could not be chosen.
    package var maskReason: MaskReason?

    package init(
        features: [Float], role: Role, reward: Double, propensity: Double = 1, maskReason: MaskReason? = nil
    ) {
        self.features = features
        self.role = role
        self.reward = reward
        self.propensity = propensity
        self.maskReason = maskReason
    }
}
