package import Domain

/// Decides whether a new version of a policy comes in force.
///
/// **The rule.** It does iff the lower bound of its doubly robust net value (reward less the price of the calls, 95 %
/// interval) is at least the incumbent's, both on the same episodes with the same models, and at least
/// `PolicyEstimate.fewestEffective` effective episodes went its way. A lower bound and not the value, so that what is
/// better only by luck or little looked at does not come in force. Where so few went even the incumbent's way for half of an
/// episode, as in long ones, it is enough that they took the candidate's first step, and the model's forecast decides about
/// the rest (`CrossFit.doublyRobust`): to refuse whatever no log shows to its end would end a queue's learning at the first
/// trial.
///
/// **As the queue acts.** All are estimated with the queue's exploration, which a version in force acts with: what it then comes
/// to can be held against its trial (`FreezeRule`), and more of the log goes its way.
///
/// **Without optimism.** The candidate was learnt from the very episodes that judge it, and the incumbent from most of
/// them: either would look better than it is, and the incumbent, which has proved itself on paper already, could never be
/// beaten. So ways of learning are compared and not two vectors of weights: for each fold, the candidate's learner learns
/// from all other folds, and the incumbent's from those of the other folds that it knew; each is judged on the fold that
/// neither has seen. An incumbent that did not learn from these episodes (imported, or older than most of them) is judged
/// as it is.
package struct PolicyTrial: Sendable {
    /// The newest episodes that a trial looks at. It learns eight times from three quarters of them or fewer.
    package static let episodeLimit = 600

    /// Versions that were learnt from fewer episodes come in force without a trial: so few cannot show that anything is
    /// better than what made them, and the first policies would stay for ever.
    package static let fewestEpisodes = 200

    /// How a contestant chooses in each fold.
    package enum Contestant: Sendable {
        /// As it is: it has not seen the episodes.
        case fixed(PolicyBody)
        /// As its learner learns from the episodes before this index, without the fold.
        case learnt(through: Int)
    }

    package let verdict: PolicyVerdict
    package let estimates: [PolicyContestant: PolicyEstimate]
    /// With which they were estimated, 0...1.
    package let explorationRate: Double

    /// - Parameters:
    ///   - episodes: oldest first.
    ///   - settings: the kind, the cost of a call and the exploration rate.
    /// - Returns: nil where there is too little to estimate anything from.
    package init?(
        _ episodes: [TrainingEpisode], candidate: Contestant, incumbent: Contestant, learner: any Learner,
        settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) {
        let fit = try CrossFit(episodes, featureCount: featureCount)
        func bodies(_ contestant: Contestant) throws(SwitchingError) -> [PolicyBody] {
            switch contestant {
            case .fixed(let body): return Array(repeating: body, count: CrossFit.foldCount)
            case .learnt(let count):
                return try fit.learn(from: count, learner, settings: settings, featureCount: featureCount)
            }
        }
        let challengers = try bodies(candidate)
        let defenders = try bodies(incumbent)
        let cost = settings.cost
        let targets: [PolicyContestant: (Int) -> TargetPolicy] = [
            .candidate: { .greedy(challengers[$0], cost: cost) },
            .incumbent: { .greedy(defenders[$0], cost: cost) },
            .alwaysQuick: { _ in .alwaysQuick }, .alwaysDeepthink: { _ in .alwaysDeepthink },
        ]
        explorationRate = settings.explorationRate
        let corrected = targets.compactMapValues { target in
            fit.corrected(cost: cost) { target($0).exploring(settings) }
        }
        try goOn()
        estimates = corrected.mapValues(\.estimate)
        guard let (challenger, seen) = corrected[.candidate], let (defender, incumbentSeen) = corrected[.incumbent]
        else { return nil }
        let isNoWorse = challenger.net.lower >= defender.net.lower
        let isLong = Double(2 * incumbentSeen) < fit.meanLength
        let isSeen = isLong ? seen > 0 : !challenger.hasLittleOverlap
        verdict = isNoWorse && isSeen ? .passed : .refused
    }
}
