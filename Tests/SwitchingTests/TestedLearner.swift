import Domain
import Switching
import Testing

/// The learners that must find the optimal activation set, at the size that a few one-hot states need.
enum TestedLearner: CaseIterable, CustomTestStringConvertible {
    case fittedQ
    case fittedQMLP
    case sac
    case certaintyEquivalence

    /// The same learner for every test, wide enough for the number of states: no test tunes its own.
    func learner(discount: Double = 1, states: Int = 8, seed: UInt64 = 1) -> any Learner {
        switch self {
        case .fittedQ:
            var learner = FittedQ()
            learner.discount = discount
            return learner
        case .fittedQMLP:
            var learner = FittedQMLP()
            learner.discount = discount
            learner.widths = states > 16 ? HiddenWidths(64, 64) : HiddenWidths(32, 32)
            learner.updates = 320...480
            learner.rounds = 8
            learner.seed = seed
            return learner
        case .sac:
            var learner = SoftActorCritic()
            learner.discount = discount
            learner.widths = states > 16 ? HiddenWidths(32, 32) : HiddenWidths(16, 16)
            learner.updates = 2_500...4_000
            learner.seed = seed
            return learner
        case .certaintyEquivalence:
            var learner = CertaintyEquivalence()
            learner.discount = discount
            return learner
        }
    }

    var testDescription: String { learner().kind.rawValue }
}
