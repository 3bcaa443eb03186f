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
    /// How much an episode counts that was made by another pair or under another encoder, 0...1. nil in versions older
    /// than this: there those of another pair counted whole, and those of another encoder not at all.
    var priorWeight: Double?

    /// Lets the others' episodes of a history count as much as they should beside its own.
    mutating func weigh(_ history: TrainingEpisodes) {
        let own = history.episodes.count(where: isOwn)
        priorWeight = 1
        let others = usable(history).count - own
        priorWeight = PowerPrior.weight(own: own, others: others)
    }

    /// The episodes that can be learnt from, in their order.
    func usable(_ history: TrainingEpisodes) -> [TrainingEpisode] { history.episodes.compactMap(episode) }

    /// The policy; nil where the kind does not learn or there is nothing to learn from.
    func policy(from history: TrainingEpisodes) throws(SwitchingError) -> Policy? {
        let usable = usable(history)
        guard let learner = learner(for: kind), !usable.isEmpty else { return nil }
        let body = try learner.learn(
            from: usable, settings: SwitcherSettings(kind: kind, cost: cost), featureCount: featureCount)
        return Policy(
            kind: kind, version: version, encoderIdentity: encoderIdentity, pairKey: pairKey, body: body,
            episodeCount: history.episodes.count(where: isOwn),
            throughOutcome: history.throughOutcome)
    }

    /// The pair and the encoder themselves made it.
    private func isOwn(_ record: TrainingRecord) -> Bool { !record.steps.isEmpty && record.pairKey == pairKey }

    /// A record as an episode to learn from; nil for none.
    private func episode(_ record: TrainingRecord) -> TrainingEpisode? {
        guard !record.steps.isEmpty, let key = record.pairKey else { return nil }
        if key == pairKey { return TrainingEpisode(record) }
        let weight = priorWeight ?? 1
        guard weight > 0 else { return nil }
        if key.ends(with: " + \(encoderIdentity)") { return TrainingEpisode(record, weight: weight) }
        // What another encoder made of the texts means nothing here. The readable features that both have mean the same:
        // of these the episode teaches, with texts that say nothing.
        guard priorWeight != nil, let separator = key.lastRange(of: " + ") else { return nil }
        let shared = sharedFeatureCount(encoderIdentity, String(key[separator.upperBound...]))
        guard shared > 0, record.steps.allSatisfy({ $0.features.count >= shared }) else { return nil }
        return TrainingEpisode(record, weight: weight) { features in
            features.prefix(shared) + [Float](repeating: 0, count: featureCount - shared)
        }
    }
}

extension PolicyFit {
    /// Tries a policy against the incumbent on the pair's own episodes.
    /// - Parameters:
    ///   - imported: a policy from a file; nil: the one that is learnt here.
    ///   - isIncumbentLearnt: the incumbent was learnt here too.
    ///   - explorationRate: the queue's, 0...1.
    /// - Returns: nil where there is too little to try them on.
    func trial(
        on history: TrainingEpisodes, of imported: Policy? = nil, against incumbent: Policy, isIncumbentLearnt: Bool,
        explorationRate: Double
    ) throws(SwitchingError) -> PolicyTrial? {
        let own = trialRecords(history)
        guard let learner = learner(for: kind), own.count >= CrossFit.foldCount else { return nil }
        let known = isIncumbentLearnt ? own.count { $0.outcome <= incumbent.throughOutcome } : 0
        return try PolicyTrial(
            own.map { TrainingEpisode($0) },
            candidate: imported.map { .fixed($0.body) } ?? .learnt(through: own.count),
            incumbent: known * 2 >= own.count ? .learnt(through: known) : .fixed(incumbent.body), learner: learner,
            settings: SwitcherSettings(kind: kind, cost: cost, explorationRate: explorationRate),
            featureCount: featureCount)
    }

    /// The newest episodes of the pair and the encoder themselves, oldest first, with no more of one user's than her share.
    func trialRecords(_ history: TrainingEpisodes) -> [TrainingRecord] {
        let newestFirst = history.episodes.filter(isOwn).reversed()
        let most = UserShare.most(newestFirst.map(\.submitter), limit: PolicyTrial.episodeLimit)
        return UserShare.newest(newestFirst, limit: PolicyTrial.episodeLimit, most: most, user: \.submitter).reversed()
    }
}

extension TrainingEpisode {
    /// An episode as the store keeps it. A step limit is an end that the features show, and the verdict is about the
    /// answer as it was cut, so it counts as an end and not as a truncation.
    init(_ record: TrainingRecord, weight: Double = 1, features: ([Float]) -> [Float] = { $0 }) {
        self.init(
            steps: record.steps.map { step in
                TrainingStep(
                    features: features(step.features), role: step.role, reward: step.reward,
                    propensity: step.propensity, maskReason: step.maskReason)
            }, weight: weight)
    }
}
