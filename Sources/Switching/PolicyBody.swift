package import Domain

/// What a learner has learnt, in the form that it learns: one case for each, all asked the same two things.
package enum PolicyBody: Hashable, Sendable {
    /// Fitted Q on linear values.
    case linear(LinearValues)

    /// The length of the feature vectors that it takes.
    package var featureCount: Int {
        switch self {
        case .linear(let values): values.featureCount
        }
    }

    /// What is to come from a state on, by who writes its next step.
    /// - Precondition: `x.count == featureCount` (traps).
    package func forecast(_ x: Span<Float>) -> Forecast {
        switch self {
        case .linear(let values): values.forecast(x)
        }
    }

    /// The standard deviation of Q(s, DEEPTHINK) - Q(s, QUICK), in units of reward.
    /// - Precondition: `x.count == featureCount` (traps).
    package func deviation(_ x: Span<Float>) -> Double {
        switch self {
        case .linear(let values): values.deviation(x)
        }
    }
}

/// What is to come from a state on. Reward and number of calls are kept apart, `Q = Q_R - c N`, so that the cost c can
/// change without new data.
/// - Source: paper.md section 4.
package struct Forecast: Hashable, Sendable {
    /// The reward from this step on, in units of reward.
    package var reward: ActionValues
    /// The DEEPTHINK calls after this step.
    package var callsAfter: ActionValues

    package init(reward: ActionValues, callsAfter: ActionValues) {
        self.reward = reward
        self.callsAfter = callsAfter
    }

    /// Q(s, QUICK) and Q(s, DEEPTHINK) at the price `cost` of a call, in units of reward.
    package func values(cost: Double) -> ActionValues {
        ActionValues(
            quick: reward.quick - cost * callsAfter.quick,
            deepthink: reward.deepthink - cost * (1 + callsAfter.deepthink))
    }
}
