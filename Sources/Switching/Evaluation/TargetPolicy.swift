package import Domain

/// A policy to be evaluated from what others did: how it would choose at a logged step.
package struct TargetPolicy: Sendable {
    /// The most DEEPTHINK calls of one job: once they are made DEEPTHINK is masked; nil: no limit.
    package var callLimit: Int?
    /// The probability of DEEPTHINK at a step that no budget masked, 0...1.
    private let deepthink: @Sendable (TrainingStep) -> Double

    package init(callLimit: Int? = nil, deepthink: @escaping @Sendable (TrainingStep) -> Double) {
        self.callLimit = callLimit
        self.deepthink = deepthink
    }

    /// The probability of DEEPTHINK at a step before which the job has made so many calls: 0 where it is masked.
    func probability(at step: TrainingStep, calls: Int) -> Double {
        if step.maskReason != nil { return 0 }
        if let callLimit, calls >= callLimit { return 0 }
        return min(max(deepthink(step), 0), 1)
    }

    /// The same with the exploration of a queue that is not cold. QUICK's steps are drawn for DEEPTHINK only where that was
    /// allowed: those logged with a propensity of 1 were not.
    func exploring(_ settings: SwitcherSettings) -> TargetPolicy {
        let odds = ChoiceOdds(settings: settings, episodeCount: coldEpisodes)
        return TargetPolicy(callLimit: callLimit) { step in
            let wanted = deepthink(step)
            let drawn = step.propensity < 1 ? odds.exploration(isGreedy: false) : 0
            return wanted * odds.demand(isGreedy: true) + (1 - wanted) * drawn
        }
    }
}

extension TargetPolicy {
    package static let alwaysQuick = TargetPolicy { _ in 0 }
    package static let alwaysDeepthink = TargetPolicy { _ in 1 }

    /// DEEPTHINK with a fixed probability.
    package static func random(_ rate: Double) -> TargetPolicy { TargetPolicy { _ in rate } }

    /// What a policy's values prefer at a price, without exploration.
    /// - Precondition: the steps have as many features as the body (traps).
    package static func greedy(_ body: PolicyBody, cost: Double, callLimit: Int? = nil) -> TargetPolicy {
        TargetPolicy(callLimit: callLimit) { step in body.greedy(step.features.span, cost: cost) == .deepthink ? 1 : 0 }
    }
}

extension TargetPolicy {
    /// The baseline of a kind with a queue's parameter; nil for kinds that learn, and for those that read the texts.
    package static func baseline(
        _ kind: SwitcherKind, parameter: Double, encoder: any FeatureEncoder, callLimit: Int? = nil
    ) -> TargetPolicy? {
        var target: TargetPolicy
        switch kind {
        case .alwaysQuick: target = .alwaysQuick
        case .alwaysDeepthink: target = .alwaysDeepthink
        case .random: target = .random(parameter)
        case .threshold: target = .threshold(parameter, encoder: encoder)
        case .swiftSage, .fittedQ, .fittedQMLP, .sac, .certaintyEquivalence, .bandit: return nil
        }
        target.callLimit = callLimit
        return target
    }

    /// DEEPTHINK where the draft's mean log-probability, or without a draft that of QUICK's last step, is below
    /// `threshold`, read back from the features: exact but for thresholds below the least that the encoder tells apart,
    /// which never call.
    private static func threshold(_ threshold: Double, encoder: any FeatureEncoder) -> TargetPolicy {
        let places = Dictionary(encoder.featureNames.enumerated().map { ($0.element, $0.offset) }) { first, _ in first }
        func place(_ name: String) -> Int {
            guard let place = places[name] else { preconditionFailure("the encoder has no feature '\(name)'") }
            return place
        }
        let (draft, wroteLast) = (place("draft"), place("QUICK wrote last"))
        let ofDraft = (isUnknown: place("draft's certainty unknown"), doubt: place("draft's mean token"))
        let ofStep = (isUnknown: place("QUICK's certainty unknown"), doubt: place("QUICK's mean token"))
        return TargetPolicy { step in
            let features = step.features
            let hasDraft = features[draft] == 1
            let source = hasDraft ? ofDraft : ofStep
            guard hasDraft || features[wroteLast] == 1, features[source.isUnknown] == 0 else { return 0 }
            let root = Double(features[source.doubt])
            return -root * root * HashedEncoder.meanDoubtScale < threshold ? 1 : 0
        }
    }
}
