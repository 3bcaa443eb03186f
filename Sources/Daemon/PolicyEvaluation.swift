import Control
import Domain
import Storage
import Switching

/// Estimates what policies would come to, off-policy and by cross-fitting, on a queue's newest episodes of the pair that
/// runs. Pure but for its episodes; takes seconds of computing time where the history is long.
struct PolicyEvaluation: Sendable {
    /// Fewer judged episodes than this tell nothing.
    static let fewestEpisodes = 20
    /// The prices of a sweep, as multiples of the queue's, or of 0.05 where that is 0.
    static let sweep = [0, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16.0]

    private let fit: CrossFit
    private let encoder: any FeatureEncoder
    private let settings: SwitcherSettings
    /// What is learnt, for each fold.
    private let learnt: [PolicyBody]

    /// - Parameters:
    ///   - records: those of the pair, oldest first.
    ///   - imported: a policy that was not learnt here and is evaluated as it is.
    init(
        _ records: [TrainingRecord], encoder: any FeatureEncoder, settings: SwitcherSettings, imported: PolicyBody?
    ) throws(SwitchingError) {
        self.encoder = encoder
        self.settings = settings
        fit = try CrossFit(records.map { TrainingEpisode($0) }, featureCount: encoder.featureCount)
        learnt =
            if let imported { Array(repeating: imported, count: CrossFit.foldCount) } else {
                // Where a baseline acts, what would be learnt is the default learner's affair.
                try fit.learn(
                    learner(for: settings.kind) ?? FittedQ(), settings: settings, featureCount: encoder.featureCount)
            }
    }

    /// What a policy comes to, with the two fixed baselines behind it.
    func evaluate(kind: SwitcherKind, parameter: Double, cost: Double, budget: Int?) -> [EvaluationView] {
        let others = [SwitcherKind.alwaysQuick, .alwaysDeepthink].filter { $0 != kind }
        return ([kind] + others).compactMap { view($0, parameter: parameter, cost: cost, budget: budget, price: cost) }
    }

    /// A sweep of prices, each net at the queue's own, and the baselines.
    func curve() -> [EvaluationView] {
        let unit = settings.cost > 0 ? settings.cost : 0.05
        let baselines = [SwitcherKind.alwaysQuick, .alwaysDeepthink].compactMap {
            view($0, parameter: 0, cost: settings.cost, budget: nil, price: settings.cost)
        }
        let random = [0.25, 0.5, 0.75].compactMap {
            view(.random, parameter: $0, cost: settings.cost, budget: nil, price: settings.cost)
        }
        let kind = settings.kind.learns ? settings.kind : .fittedQ
        let learnt = Self.sweep.compactMap {
            view(kind, parameter: 0, cost: $0 * unit, budget: nil, price: settings.cost)
        }
        let most = baselines.first { $0.policy == .alwaysDeepthink }?.estimate.calls.value ?? 0
        return (learnt + baselines + random).map { view in
            var view = view
            view.callShare = most > 0 ? view.estimate.calls.value / most : nil
            return view
        }
    }

    /// - Parameters:
    ///   - cost: the price at which a policy that learns decides.
    ///   - price: the price of the calls in its net value.
    private func view(
        _ kind: SwitcherKind, parameter: Double, cost: Double, budget: Int?, price: Double
    ) -> EvaluationView? {
        let baseline = TargetPolicy.baseline(kind, parameter: parameter, encoder: encoder, callLimit: budget)
        let target: (Int) -> TargetPolicy = { fold in
            baseline ?? .greedy(learnt[fold], cost: cost, callLimit: budget)
        }
        guard let estimate = fit.doublyRobust(cost: price, target) else { return nil }
        let takesParameter = kind == .random || kind == .threshold
        return EvaluationView(
            policy: kind, cost: cost, parameter: takesParameter ? parameter : nil, estimate: estimate,
            importanceSampled: fit.importanceSampled(cost: price, target))
    }
}
