package import Domain

/// Certainty equivalence: the tabular reference. It takes what happened for the truth and solves that exactly.
///
/// 1. count, for each distinct feature vector and action, the rewards and where they led;
/// 2. iterate the Bellman operator T_S on that model, with the budget's mask, until the values stand still; reward and
///    calls follow the greedy action apart, so that the cost may change later;
/// 3. say how uncertain each difference is from the counts.
///
/// An action that was never tried in a state is taken to be worth what the other one is there, so that at any price
/// DEEPTHINK is not called for nothing. Nothing is known of states not seen, so this kind needs an encoder with few
/// distinct states; with hashed words every state is a new one.
/// - Source: paper.md sections 1, 2 and 4; Kumar and Varaiya, "Stochastic systems", 1986 (certainty equivalence).
package struct CertaintyEquivalence: Learner {
    /// gamma. Jobs end, so the future counts in full.
    package var discount = 1.0
    /// The most distinct states: more are no table but a list.
    package var stateLimit = 4_096
    package var sweepLimit = 10_000
    /// Values that move less than this in one sweep stand still, in units of reward or calls.
    package var tolerance = 1e-10

    package init() {}

    package var kind: SwitcherKind { .certaintyEquivalence }

    package func learn(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody {
        let replay = try ReplayMatrix(episodes, featureCount: featureCount)
        let model = Model(
            counts: try TransitionCounts(replay, stateLimit: stateLimit),
            bounds: ReturnBounds(episodes, discount: discount), discount: discount, cost: settings.cost)
        var forecasts = [Forecast](repeating: .nothing, count: model.counts.states.count)
        for _ in 0..<sweepLimit {
            try goOn()
            if model.sweep(&forecasts) < tolerance { break }
        }
        return .tabular(TabularValues(featureCount: featureCount, rows: model.rows(forecasts)))
    }
}

/// The counted model and what its operator needs.
private struct Model {
    var counts: TransitionCounts
    var bounds: ReturnBounds
    var discount: Double
    var cost: Double

    /// The spread of a target, and the number of steps that stand for it, before anything was seen.
    private static let priorVariance = 0.25
    private static let priorCount = 0.25

    /// Applies T_S to every state, the last seen first, since episodes run that way; gives the largest move.
    func sweep(_ forecasts: inout [Forecast]) -> Double {
        var largest = 0.0
        for state in counts.states.indices.reversed() {
            let quick = outlook(counts.action(state, .quick), forecasts)
            let deepthink = outlook(counts.action(state, .deepthink), forecasts)
            guard let one = quick ?? deepthink else { continue }
            let new = Forecast(
                reward: ActionValues(quick: (quick ?? one).reward, deepthink: (deepthink ?? one).reward),
                callsAfter: ActionValues(quick: (quick ?? one).calls, deepthink: (deepthink ?? one).calls))
            largest = max(largest, forecasts[state].greatestDistance(to: new))
            forecasts[state] = new
        }
        return largest
    }

    func rows(_ forecasts: [Forecast]) -> [TabularValues.Row] {
        counts.states.indices.map { state in
            let quick = counts.action(state, .quick)
            let deepthink = counts.action(state, .deepthink)
            return TabularValues.Row(
                features: counts.states[state], forecast: forecasts[state],
                isFullyTried: quick.isTried && deepthink.isTried,
                differenceVariance: variance(quick, forecasts) + variance(deepthink, forecasts))
        }
    }

    /// An action's reward from here on and calls after this step; nil where it was not tried.
    private func outlook(
        _ action: TransitionCounts.Action, _ forecasts: [Forecast]
    ) -> (reward: Double, calls: Double)? {
        guard action.isTried else { return nil }
        var sum = (reward: action.rewardSum, calls: 0.0)
        for (successor, count) in action.successors {
            let next = future(successor, forecasts)
            sum.reward += discount * count * next.reward
            sum.calls += discount * count * next.calls
        }
        return (sum.reward / action.count, sum.calls / action.count)
    }

    /// What a state is worth to those that lead to it: where DEEPTHINK is masked or was never tried, QUICK follows.
    private func future(
        _ successor: TransitionCounts.Successor, _ forecasts: [Forecast]
    ) -> (role: Role, reward: Double, calls: Double) {
        forecasts[successor.state].greedy(
            cost: cost, isMasked: successor.isMasked || !counts.action(successor.state, .deepthink).isTried,
            bounds: bounds)
    }

    /// The variance of an action's value as the mean of its targets, a step's reward taken as independent of where it
    /// led. How uncertain the values further on are is not in it.
    private func variance(_ action: TransitionCounts.Action, _ forecasts: [Forecast]) -> Double {
        var squares = Self.priorVariance
        if action.isTried {
            let futures = action.successors.map { successor, count in
                let next = future(successor, forecasts)
                return (value: discount * (next.reward - cost * next.calls), count: count)
            }
            let mean = futures.reduce(0) { $0 + $1.count * $1.value } / action.count
            let ended = action.count - futures.reduce(0) { $0 + $1.count }
            squares += futures.reduce(0) { $0 + $1.count * ($1.value - mean) * ($1.value - mean) }
            squares += max(0, ended) * mean * mean
            squares += max(0, action.rewardSquares - action.rewardSum * action.rewardSum / action.count)
        }
        return squares / (action.count + 1) / (action.count + Self.priorCount)
    }
}
