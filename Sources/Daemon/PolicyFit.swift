import Domain
import Storage
import Switching

/// What a version of a policy is learnt with. With a stored history it determines every bit of the version.
struct PolicyFit: Sendable {
    var kind: SwitcherKind
    /// The price of a DEEPTHINK call, in units of reward. No other setting of the queue has a say.
    var cost: Double
    var encoderIdentity: String
    var featureCount: Int
    var pairKey: String
    var version: Int64

    /// The episodes that can be learnt from: what another encoder saw cannot. Another pair of models can, until its own
    /// episodes outweigh it.
    func usable(_ history: TrainingEpisodes) -> [TrainingRecord] {
        history.episodes.filter { episode in
            !episode.steps.isEmpty && episode.pairKey?.hasSuffix(" + \(encoderIdentity)") == true
        }
    }

    /// The policy; nil where the kind does not learn or there is nothing to learn from.
    func policy(from history: TrainingEpisodes) throws(SwitchingError) -> Policy? {
        let usable = usable(history)
        guard let learner = learner(for: kind), !usable.isEmpty else { return nil }
        let body = try learner.learn(
            from: usable.map(TrainingEpisode.init), settings: SwitcherSettings(kind: kind, cost: cost),
            featureCount: featureCount)
        return Policy(
            kind: kind, version: version, encoderIdentity: encoderIdentity, pairKey: pairKey, body: body,
            episodeCount: usable.count { $0.pairKey == pairKey }, throughOutcome: history.throughOutcome)
    }
}

extension TrainingEpisode {
    /// An episode as the store keeps it. A step limit is an end that the features show, and the verdict is about the
    /// answer as it was cut, so it counts as an end and not as a truncation.
    init(_ record: TrainingRecord) {
        self.init(
            steps: record.steps.map { step in
                TrainingStep(
                    features: step.features, role: step.role, reward: step.reward, propensity: step.propensity,
                    maskReason: step.maskReason)
            })
    }
}
