package import Domain

/// What a learner has learnt, in the form that it learns: one case for each, all asked the same few things.
package enum PolicyBody: Hashable, Sendable {
    /// Fitted Q, and the bandit, on linear values.
    case linear(LinearValues)
    /// Fitted Q on what a network makes of the features.
    case neural(NeuralValues)
    /// Soft actor-critic.
    case actorCritic(ActorCritic)
    /// Certainty equivalence.
    case tabular(TabularValues)

    /// The length of the feature vectors that it takes.
    package var featureCount: Int {
        switch self {
        case .linear(let values): values.featureCount
        case .neural(let values): values.featureCount
        case .actorCritic(let actorCritic): actorCritic.featureCount
        case .tabular(let values): values.featureCount
        }
    }

    /// What is to come from a state on, by who writes its next step.
    /// - Precondition: `x.count == featureCount` (traps).
    package func forecast(_ x: Span<Float>) -> Forecast {
        switch self {
        case .linear(let values): values.forecast(x)
        case .neural(let values): values.forecast(x)
        case .actorCritic(let actorCritic): actorCritic.forecast(x)
        case .tabular(let values): values.forecast(x)
        }
    }

    /// Who writes the next step at the price `cost` of a call: DEEPTHINK iff Q(s, DEEPTHINK) >= Q(s, QUICK), a tie
    /// included. An actor has a say of its own, and a table says QUICK where it knows nothing.
    /// - Precondition: `x.count == featureCount` (traps).
    /// - Source: paper.md section 1, Proposition 1.
    package func greedy(_ x: Span<Float>, cost: Double) -> Role {
        switch self {
        case .linear, .neural: forecast(x).greedy(cost: cost)
        case .actorCritic(let actorCritic): actorCritic.greedy(x, cost: cost)
        case .tabular(let values): values.greedy(x, cost: cost)
        }
    }

    /// Whether the forecast says who writes the next step at any price: a table does not heed it where it knows nothing,
    /// and calls QUICK at each.
    /// - Precondition: `x.count == featureCount` (traps).
    func heedsForecast(_ x: Span<Float>) -> Bool {
        switch self {
        case .linear, .neural, .actorCritic: true
        case .tabular(let values): values.isTried(x)
        }
    }

    /// The standard deviation of Q(s, DEEPTHINK) - Q(s, QUICK), in units of reward.
    /// - Precondition: `x.count == featureCount` (traps).
    package func deviation(_ x: Span<Float>) -> Double {
        switch self {
        case .linear(let values): values.deviation(x)
        case .neural(let values): values.deviation(x)
        case .actorCritic(let actorCritic): actorCritic.deviation(x)
        case .tabular(let values): values.deviation(x)
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

    /// Nothing is known: both actions are worth the same.
    static let nothing = Forecast(
        reward: ActionValues(quick: 0, deepthink: 0), callsAfter: ActionValues(quick: 0, deepthink: 0))

    /// Q(s, QUICK) and Q(s, DEEPTHINK) at the price `cost` of a call, in units of reward.
    package func values(cost: Double) -> ActionValues {
        ActionValues(
            quick: reward.quick - cost * callsAfter.quick,
            deepthink: reward.deepthink - cost * (1 + callsAfter.deepthink))
    }

    /// DEEPTHINK iff it is worth at least as much as QUICK.
    func greedy(cost: Double) -> Role {
        let values = values(cost: cost)
        return values.deepthink >= values.quick ? .deepthink : .quick
    }

    /// The largest difference between two of the numbers.
    func greatestDistance(to other: Forecast) -> Double {
        max(
            max(abs(reward.quick - other.reward.quick), abs(reward.deepthink - other.reward.deepthink)),
            max(
                abs(callsAfter.quick - other.callsAfter.quick),
                abs(callsAfter.deepthink - other.callsAfter.deepthink)))
    }
}
