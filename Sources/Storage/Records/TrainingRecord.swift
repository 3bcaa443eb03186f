package import Domain

/// An episode to learn from, with its latest outcome.
package struct TrainingRecord: Hashable, Sendable {
    package struct Step: Hashable, Sendable {
        package let index: Int
        package let features: [Float]
        package let role: Role
        package let propensity: Double
        package let maskReason: MaskReason?
        package let isExploration: Bool
        /// What was left of the day's budget when it began, 0 to 1.
        package let budgetShare: Double
        package let policyVersion: Int64
        /// The rewards of an episode's steps add up to its outcome's.
        package let reward: Double
    }

    /// The outcome's place in the order of all outcomes.
    package let outcome: Int64
    package let job: JobID
    package let episode: EpisodeID
    /// The uid of whose job it is.
    package let submitter: UInt32
    /// The pair and encoder of all its steps; `StepStart.mixedPairKey` where they changed on the way.
    package let pairKey: String?
    package let reward: Double
    package let source: RewardSource
    /// It was cut off by the step limit: the value after its last step is to be estimated, not 0.
    package let isTruncated: Bool
    /// In order; empty for an episode that ended before its first step.
    package let steps: [Step]
}

/// What there is to learn from a queue.
package struct TrainingEpisodes: Hashable, Sendable {
    /// In the order of their outcomes, so that the same data always comes in the same order.
    package let episodes: [TrainingRecord]
    /// The last outcome looked at: asking for the same again gives the same, whatever came later. 0 where there is
    /// none.
    package let throughOutcome: Int64
    /// The most episodes of one user where that left some out; nil where it did not.
    package let userEpisodes: Int?
}
