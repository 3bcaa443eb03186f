package import Domain

/// How a queue's Switcher has chosen, over all written steps.
package struct PolicyStatistics: Hashable, Sendable {
    /// The written steps at one place of their episodes.
    package struct AtIndex: Hashable, Sendable {
        package let index: Int
        package let quickCount: Int
        package let deepthinkCount: Int
    }

    /// By index, ascending.
    package let steps: [AtIndex]
    /// How often each reason masked DEEPTHINK.
    package let masked: [MaskReason: Int]
    package let explorationCount: Int
    /// Calls of DEEPTHINK that followed a draft, and those of them that wrote just what it said.
    package let draftedCallCount: Int
    package let confirmedDraftCount: Int
    /// Episodes with an outcome, and the mean of their latest rewards; nil where there are none.
    package let judgedEpisodeCount: Int
    package let meanReward: Double?
}
