package import Domain

/// A bandit that looks no further than the step it decides: fitted Q with a discount of 0, so that nothing is
/// bootstrapped and a call's later benefit is not seen. Where the reward comes only at the end, all steps but the last
/// have earned 0. A baseline: what it lacks against `FittedQ` is what looking ahead is worth.
/// - Source: Li et al., "A contextual-bandit approach to personalized news article recommendation", 2010 (ridge
///   regression for each action); paper.md, trap 7.
package struct MyopicBandit: Learner {
    package init() {}

    package var kind: SwitcherKind { .bandit }

    package func learn(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody {
        try fitted.learn(from: episodes, settings: settings, featureCount: featureCount)
    }

    package func learnGreedy(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody {
        try fitted.learnGreedy(from: episodes, settings: settings, featureCount: featureCount)
    }

    private var fitted: FittedQ {
        var fitted = FittedQ()
        fitted.discount = 0
        return fitted
    }
}
