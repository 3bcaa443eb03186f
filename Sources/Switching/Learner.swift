package import Domain

/// Turns closed episodes into the numbers of a policy. Pure: the same episodes in the same order and the same settings
/// give the same bits, so that a policy can be replayed from the ledger.
package protocol Learner: Sendable {
    /// The kind of switcher that acts on what is learnt.
    var kind: SwitcherKind { get }

    /// Learns from scratch. The caller chooses the episodes, oldest first, and how many of them it can afford.
    /// - Throws: where an episode has the wrong number of features, or a value that is not finite; certainty equivalence
    ///   also where the states are too many. `.cancelled` where the task is.
    func learn(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody

    /// What `learn` comes to, for whoever asks for its greedy choices alone: it may differ by rounding, and know nothing of
    /// how uncertain it is.
    /// - Throws: as `learn`.
    func learnGreedy(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody
}

extension Learner {
    package func learnGreedy(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody {
        try learn(from: episodes, settings: settings, featureCount: featureCount)
    }
}

/// The learner behind a kind of switcher; nil for those that do not learn.
package func learner(for kind: SwitcherKind) -> (any Learner)? {
    switch kind {
    case .fittedQ: FittedQ()
    case .fittedQMLP: FittedQMLP()
    case .sac: SoftActorCritic()
    case .certaintyEquivalence: CertaintyEquivalence()
    case .bandit: MyopicBandit()
    case .alwaysQuick, .alwaysDeepthink, .random, .threshold, .swiftSage: nil
    }
}
