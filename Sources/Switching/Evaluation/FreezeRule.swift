package import Domain

/// Decides when a policy that does worse than promised is taken out of force without anybody's help.
///
/// **The rule.** At the version's trial each of three baselines had a lower bound of its net value: always QUICK, always
/// DEEPTHINK, and the version that it replaced. Where the mean net reward of the last `window` judged jobs lies below the
/// best of these bounds by more than `deviations` of its own standard errors, that baseline takes over. With every judged
/// job the rule looks again, so the margin is wide: of 500 jobs of a sound policy fewer than one history in a hundred
/// raises a false alarm (EvaluationFreezeTests).
///
/// **One user's share.** Where others have jobs too, the alarm must stand also without any one user's: whoever submits jobs
/// that nobody can do well, or judges her own badly, raises none for everybody.
package enum FreezeRule {
    /// The judged jobs that are looked at; before there are so many nothing is frozen.
    package static let window = 100
    package static let deviations = 3.0
    /// With fewer judged jobs than this, the others have no say: their mean would be chance.
    package static let fewestOfOthers = 20

    /// What the last jobs fell below.
    package struct Alarm: Hashable, Sendable {
        package let baseline: PolicyContestant
        /// The lower bound of its net value.
        package let bound: Double
        /// The mean of the last jobs, with the margin.
        package let found: Estimate

        /// The model that takes over; nil: the version that was replaced.
        /// - Parameter isIncumbentKept: the weights of that version are still there.
        package func standIn(_ trial: [PolicyContestant: PolicyEstimate], isIncumbentKept: Bool) -> Role? {
            switch baseline {
            case .alwaysQuick: return .quick
            case .alwaysDeepthink: return .deepthink
            case .incumbent where isIncumbentKept: return nil
            case .incumbent, .candidate:
                let (quick, deepthink) = (trial[.alwaysQuick]?.net.lower, trial[.alwaysDeepthink]?.net.lower)
                return deepthink ?? -.infinity > quick ?? -.infinity ? .deepthink : .quick
            }
        }
    }

    /// Whether an alarm stands without any one user's jobs.
    /// - Parameters:
    ///   - alarm: raised by the newest `window` of all jobs.
    ///   - judged: net rewards, newest first, with whose jobs they are of: of each user the newest `window`.
    package static func stands(_ alarm: Alarm, judged: [(user: UInt32, reward: Double)]) -> Bool {
        Set(judged.map(\.user)).allSatisfy { user in
            let others = judged.filter { $0.user != user }.prefix(window).map(\.reward)
            guard others.count >= fewestOfOthers else { return true }
            return Estimate(meanOf: others, deviations: deviations).upper < alarm.bound
        }
    }

    /// nil where all is well, or there are too few jobs to tell.
    /// - Parameters:
    ///   - rewards: net rewards, newest first; units of reward.
    ///   - trial: the estimates of the trial of the version in force.
    package static func alarm(rewards: [Double], trial: [PolicyContestant: PolicyEstimate]) -> Alarm? {
        guard rewards.count >= window else { return nil }
        let found = Estimate(meanOf: Array(rewards.prefix(window)), deviations: deviations)
        var best: (baseline: PolicyContestant, bound: Double)?
        for baseline in [PolicyContestant.incumbent, .alwaysQuick, .alwaysDeepthink] {
            guard let estimate = trial[baseline], !estimate.hasLittleOverlap else { continue }
            if estimate.net.lower > best?.bound ?? -.infinity { best = (baseline, estimate.net.lower) }
        }
        guard let best, found.upper < best.bound else { return nil }
        return Alarm(baseline: best.baseline, bound: best.bound, found: found)
    }
}
