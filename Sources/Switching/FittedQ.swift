package import Domain

/// Fitted Q on two action values: the default learner. It refits from all closed episodes:
///
/// 1. lay the steps out in one matrix, and factor the precision of the weights, which does not depend on the targets;
/// 2. walk each episode backwards and give every step its target: its reward and calls from here on, following what
///    happened while that was greedy and the current estimate from where it was not;
/// 3. solve for the weights (Bayesian linear regression), and go back to 2 until they stand still.
///
/// Reward and number of calls are learnt apart, so that the cost may change later. The weights of the mean of both
/// actions and of their difference have priors of their own: what is common to both is learnt quickly, and where an
/// action has not been tried the difference stays near 0, so that DEEPTHINK is not called for nothing.
/// - Source: paper.md sections 1, 2 and 4; Ernst, Geurts and Wehenkel, "Tree-based batch mode reinforcement learning",
///   2005 (fitted Q iteration); Watkins' Q(lambda), 1989 (following a trace until an action that is not greedy).
package struct FittedQ: Learner {
    /// gamma. Jobs end, so the future counts in full.
    package var discount = 1.0
    /// lambda, 0...1: how much of a target follows what happened rather than the estimate of the next state's value.
    package var traceDecay = 0.7
    /// Prior precision of the mean's weights, in units of one step's noise.
    package var meanPrecision = 1.0
    /// Prior precision of the difference's weights, in the same units.
    package var differencePrecision = 1.0
    package var sweepLimit = 200
    /// Weights that move less than this from one sweep to the next stand still.
    package var tolerance = 1e-5
    /// A sweep that moves the weights by more than this share of the one before does not settle.
    private static let settling = 0.98
    private static let damping = 0.8

    package init() {}

    package var kind: SwitcherKind { .fittedQ }

    package func learn(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody {
        let replay = try ReplayMatrix(episodes, featureCount: featureCount)
        return .linear(try fit(replay, bounds: ReturnBounds(episodes, discount: discount), cost: settings.cost))
    }

    /// Without the precision of the difference, which costs most where episodes are few.
    package func learnGreedy(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody {
        let replay = try ReplayMatrix(episodes, featureCount: featureCount)
        let regression = StepRegression(replay, self)
        let bounds = ReturnBounds(episodes, discount: discount)
        return .linear(try settle(replay, bounds: bounds, cost: settings.cost) { regression.solve($0) }.values)
    }

    /// The values that fit a replay, be its features an encoder's or a network's.
    /// - Throws: `.cancelled`.
    func fit(_ replay: ReplayMatrix, bounds: ReturnBounds, cost: Double) throws(SwitchingError) -> LinearValues {
        let factor = Cholesky(precision(of: replay), count: 2 * replay.featureCount)
        var (learnt, targets) = try settle(replay, bounds: bounds, cost: cost) { solve(factor, replay, $0) }
        learnt.noiseVariance = noiseVariance(replay, learnt, targets, cost: cost)
        learnt.differencePrecisionFactor = factor.packedBlock(from: replay.featureCount).map { Float($0) }
        return learnt
    }

    /// Steps 2 and 3, until the weights stand still.
    /// - Parameter solve: the weights that fit targets best.
    /// - Throws: `.cancelled`.
    private func settle(
        _ replay: ReplayMatrix, bounds: ReturnBounds, cost: Double, _ solve: (Targets) -> LinearValues
    ) throws(SwitchingError) -> (values: LinearValues, targets: Targets) {
        var learnt = LinearValues(zero: replay.featureCount)
        var targets = Targets(count: replay.count)
        // A change of the greedy role in one state changes the targets of others, so that the weights of hashed
        // features can swing for ever between two policies. Where they do not settle, each sweep goes a smaller part
        // of the way.
        var relaxation = 1.0
        var previousMove = Double.infinity
        for sweep in 0..<sweepLimit {
            try goOn()
            targets.walkBackwards(
                replay, forecasts(of: learnt, replay), cost: cost, discount: discount, traceDecay: traceDecay,
                bounds: bounds)
            let solution = solve(targets)
            let move = learnt.greatestDistance(to: solution)
            learnt.move(to: solution, by: relaxation)
            if relaxation * move < tolerance { break }
            if sweep > bounds.longestEpisode && move > Self.settling * previousMove { relaxation *= Self.damping }
            previousMove = move
        }
        return (learnt, targets)
    }

    private func forecasts(of learnt: LinearValues, _ replay: ReplayMatrix) -> ReplayForecasts {
        ReplayForecasts(
            steps: (0..<replay.count).map { learnt.forecast(replay.features.span.extracting(replay.row($0))) },
            finals: (0..<replay.finalCount).map { learnt.forecast(replay.finals.span.extracting(replay.row($0))) })
    }

    /// The precision of [mean, difference], [2n, 2n] row-major, upper triangle: with g = +-1/2 each step adds the outer
    /// product of [x, g x].
    func precision(of replay: ReplayMatrix) -> [Double] {
        let n = replay.featureCount
        var quick = [Double](repeating: 0, count: n * n)
        var deepthink = quick
        for index in 0..<replay.count where replay.steps[index].isTaught {
            if replay.steps[index].role == .quick {
                var gram = quick.mutableSpan
                addOuterProduct(
                    replay.features.span.extracting(replay.row(index)), by: replay.steps[index].weight, to: &gram)
            } else {
                var gram = deepthink.mutableSpan
                addOuterProduct(
                    replay.features.span.extracting(replay.row(index)), by: replay.steps[index].weight, to: &gram)
            }
        }
        var precision = [Double](repeating: 0, count: 4 * n * n)
        for row in 0..<n {
            for column in row..<n {
                let ofQuick = quick[row * n + column]
                let ofDeepthink = deepthink[row * n + column]
                precision[row * 2 * n + column] = ofQuick + ofDeepthink
                precision[(n + row) * 2 * n + n + column] = (ofQuick + ofDeepthink) / 4
                precision[row * 2 * n + n + column] = (ofDeepthink - ofQuick) / 2
                precision[column * 2 * n + n + row] = (ofDeepthink - ofQuick) / 2
            }
            precision[row * 2 * n + row] += meanPrecision
            precision[(n + row) * 2 * n + n + row] += differencePrecision
        }
        return precision
    }

    /// The weights that fit the targets best.
    func solve(
        _ factor: Cholesky, _ replay: ReplayMatrix, _ targets: Targets
    ) -> LinearValues {
        let n = replay.featureCount
        func rightHandSide(_ targets: [Double]) -> [Double] {
            var quick = [Double](repeating: 0, count: n)
            var deepthink = quick
            for index in 0..<replay.count where replay.steps[index].isTaught {
                if replay.steps[index].role == .quick {
                    var sum = quick.mutableSpan
                    addScaled(
                        replay.features.span.extracting(replay.row(index)),
                        by: replay.steps[index].weight * targets[index], to: &sum)
                } else {
                    var sum = deepthink.mutableSpan
                    addScaled(
                        replay.features.span.extracting(replay.row(index)),
                        by: replay.steps[index].weight * targets[index], to: &sum)
                }
            }
            return (0..<n).map { quick[$0] + deepthink[$0] } + (0..<n).map { (deepthink[$0] - quick[$0]) / 2 }
        }
        let (reward, calls) = factor.solve(rightHandSide(targets.reward), rightHandSide(targets.calls))
        var learnt = LinearValues(zero: 0)
        (learnt.rewardMean, learnt.rewardDifference) = (Array(reward[..<n]), Array(reward[n...]))
        (learnt.callsMean, learnt.callsDifference) = (Array(calls[..<n]), Array(calls[n...]))
        return learnt
    }

    /// The mean square of what the weights leave unexplained, with one step of the prior's: never 0.
    private func noiseVariance(
        _ replay: ReplayMatrix, _ learnt: LinearValues, _ targets: Targets, cost: Double
    ) -> Double {
        let priorVariance = 0.25
        var sum = priorVariance
        var count = 1.0
        for index in 0..<replay.count where replay.steps[index].isTaught {
            let step = replay.steps[index]
            let values = learnt.forecast(replay.features.span.extracting(replay.row(index))).values(cost: cost)
            let target = targets.reward[index] - cost * targets.calls[index]
            let error = step.role == .quick ? target - values.quick : target - cost - values.deepthink
            sum += step.weight * error * error
            count += step.weight
        }
        return sum / count
    }
}
