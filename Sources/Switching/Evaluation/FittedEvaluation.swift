import Domain

/// What policies are worth in the states of some episodes that others made: fitted Q evaluation, linear in the features.
/// The same regression as `FittedQ`'s, whose targets follow a given policy instead of the greedy one.
/// - Source: Le, Voloshin and Yue, "Batch policy learning under constraints", 2019 (fitted Q evaluation); Precup, Sutton
///   and Singh, 2000 (tree backup, by which the targets follow what happened as far as the policy would have).
struct FittedEvaluation {
    private static let sweepLimit = 50
    private static let tolerance = 1e-4

    private let episodes: [TrainingEpisode]
    private let replay: ReplayMatrix
    /// Depends on the steps alone, so that one serves every policy.
    private let regression: StepRegression
    private let bounds: ReturnBounds
    private let priors = FittedQ()

    init(_ episodes: [TrainingEpisode], featureCount: Int) throws(SwitchingError) {
        self.episodes = episodes
        replay = try ReplayMatrix(episodes, featureCount: featureCount)
        regression = StepRegression(replay, priors)
        bounds = ReturnBounds(episodes, discount: 1)
    }

    /// The values of a policy; of no use where the task is cancelled.
    func values(of target: TargetPolicy) -> LinearValues {
        let odds = episodes.flatMap { LoggedPath($0, target: target).choices.map(\.deepthink) }
        var values = LinearValues(zero: replay.featureCount)
        var targets = Targets(count: replay.count)
        for _ in 0..<Self.sweepLimit where !Task.isCancelled {
            walkBackwards(&targets, values, odds)
            let next = regression.solve(targets)
            let move = values.greatestDistance(to: next)
            values = next
            if move < Self.tolerance { break }
        }
        return values
    }

    /// `G_t = r_t + V(s_t+1) + lambda pi(g_t+1) (G_t+1 - Q(s_t+1, g_t+1))`, and the same for the calls. Every episode ends
    /// with its last step.
    private func walkBackwards(_ targets: inout Targets, _ values: LinearValues, _ odds: [Double]) {
        var next = (reward: 0.0, calls: 0.0)
        for index in (0..<replay.count).reversed() {
            let step = replay.steps[index]
            if case .step = step.following {} else { next = (0, 0) }
            targets.reward[index] = step.reward + next.reward
            targets.calls[index] = next.calls
            let forecast = values.forecast(replay.features.span.extracting(replay.row(index))).within(bounds)
            let value = forecast.mean(deepthink: odds[index])
            let taken = forecast.of(step.role)
            let isDeepthink = step.role == .deepthink
            let share = priors.traceDecay * (isDeepthink ? odds[index] : 1 - odds[index])
            next.reward = value.reward + share * (targets.reward[index] - taken.reward)
            next.calls = value.calls + share * ((isDeepthink ? 1 : 0) + targets.calls[index] - taken.calls)
        }
    }
}

extension Forecast {
    /// The same within what an episode can come to: a forecast far beyond it only adds spread.
    func within(_ bounds: ReturnBounds) -> Forecast {
        func clipped(_ values: ActionValues, _ range: ClosedRange<Double>) -> ActionValues {
            ActionValues(
                quick: min(max(values.quick, range.lowerBound), range.upperBound),
                deepthink: min(max(values.deepthink, range.lowerBound), range.upperBound))
        }
        return Forecast(
            reward: clipped(reward, bounds.lowest...bounds.highest),
            callsAfter: clipped(callsAfter, 0...bounds.mostCalls))
    }

    /// What is to come where a role writes the step, the step's own call among the calls.
    func of(_ role: Role) -> (reward: Double, calls: Double) {
        switch role {
        case .quick: (reward.quick, callsAfter.quick)
        case .deepthink: (reward.deepthink, 1 + callsAfter.deepthink)
        }
    }

    /// What is to come where DEEPTHINK writes the step with a probability.
    func mean(deepthink odds: Double) -> (reward: Double, calls: Double) {
        let (quick, deepthink) = (of(.quick), of(.deepthink))
        return (
            (1 - odds) * quick.reward + odds * deepthink.reward, (1 - odds) * quick.calls + odds * deepthink.calls
        )
    }
}
