package import Domain

/// Fitted Q on features that a network learns from the encoder's ("neural linear"):
///
/// 1. train a small network whose outputs are the mean and the difference of both actions' reward and calls, by
///    minibatches, on the same targets as `FittedQ`, walked anew in each round;
/// 2. drop its outputs, and see every step through the second hidden layer, with a constant beside it;
/// 3. fit `FittedQ` on that. So the values are as well settled as the linear learner's, and the Bayesian last layer
///    says how uncertain their difference is.
///
/// The number of updates grows with the data up to a limit, so that a refit's time is bounded.
/// - Source: Riedmiller, "Neural fitted Q iteration", 2005; Riquelme, Tucker and Snoek, "Deep Bayesian bandits
///   showdown", 2018 (neural linear); paper.md section 4.
package struct FittedQMLP: Learner {
    /// gamma and lambda, as in `FittedQ`.
    package var discount = 1.0
    package var traceDecay = 0.7
    package var widths = HiddenWidths(64, 64)
    /// How often the targets are walked anew while the network trains.
    package var rounds = 16
    package var batchSize = 64
    /// How often each step is drawn, on average, within the limits of the number of updates.
    package var passes = 20
    package var updates = 320...8_000
    /// Of Adam, falling to 0 in a straight line.
    package var learningRate = 2e-3
    package var seed: UInt64 = 1

    package init() {}

    package var kind: SwitcherKind { .fittedQMLP }

    package func learn(
        from episodes: [TrainingEpisode], settings: SwitcherSettings, featureCount: Int
    ) throws(SwitchingError) -> PolicyBody {
        let replay = try ReplayMatrix(episodes, featureCount: featureCount)
        let bounds = ReturnBounds(episodes, discount: discount)
        let network = try trained(replay, bounds: bounds, cost: settings.cost)

        let hidden = HiddenLayers(first: network.first, second: network.second)
        let seen = replay.seen(
            through: hidden.features(of: replay.features, rows: replay.count),
            finals: hidden.features(of: replay.finals, rows: replay.finalCount), featureCount: hidden.featureCount)
        var linear = FittedQ()
        linear.discount = discount
        linear.traceDecay = traceDecay
        let values = try linear.fit(seen, bounds: bounds, cost: settings.cost)
        return .neural(NeuralValues(hidden: hidden, linear: values))
    }

    /// The network after all rounds.
    private func trained(
        _ replay: ReplayMatrix, bounds: ReturnBounds, cost: Double
    ) throws(SwitchingError) -> Network {
        let start = Network(featureCount: replay.featureCount, widths: widths, seed: seed)
        let taught = replay.steps.indices.filter { replay.steps[$0].isTaught }
        if taught.isEmpty { return start }
        var training = NetworkTraining(start, rows: batchSize)
        var generator = SplitMix64(seed: mixed(seed))
        var batch = [Int](repeating: 0, count: batchSize)
        var targets = Targets(count: replay.count)
        let scales = OutputScales(bounds)
        let wanted = passes * replay.count / batchSize
        let perRound = min(max(wanted, updates.lowerBound), updates.upperBound) / rounds
        for round in 0..<rounds {
            targets.walkBackwards(
                replay, forecasts(training.network, replay, scales), cost: cost, discount: discount,
                traceDecay: traceDecay, bounds: bounds)
            for update in 0..<perRound {
                try goOn()
                for row in batch.indices { batch[row] = generator.pick(from: taught) }
                training.gather(batch, of: replay.features)
                training.run()
                setErrors(&training, batch, replay, targets, scales)
                training.setGradients()
                let left = 1 - Double(round * perRound + update) / Double(rounds * perRound)
                training.step(rate: Float(learningRate * left))
            }
        }
        return training.network
    }

    private func setErrors(
        _ training: inout NetworkTraining, _ batch: [Int], _ replay: ReplayMatrix, _ targets: Targets,
        _ scales: OutputScales
    ) {
        for (row, index) in batch.enumerated() {
            let step = replay.steps[index]
            let weight = step.weight / Double(batchSize)
            training.setError(
                row: row, pair: 0, role: step.role, target: targets.reward[index] / scales.reward, weight: weight)
            training.setError(
                row: row, pair: 1, role: step.role, target: targets.calls[index] / scales.calls, weight: weight)
        }
    }

    private func forecasts(_ network: Network, _ replay: ReplayMatrix, _ scales: OutputScales) -> ReplayForecasts {
        func forecasts(_ features: [Float], _ rows: Int) -> [Forecast] {
            var activations = Activations(of: network, rows: rows)
            network.run(features.span, rows: rows, &activations)
            return (0..<rows).map { activations.forecast(row: $0, scales) }
        }
        return ReplayForecasts(
            steps: forecasts(replay.features, replay.count), finals: forecasts(replay.finals, replay.finalCount))
    }
}
