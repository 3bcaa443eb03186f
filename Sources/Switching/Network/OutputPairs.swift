import Domain

/// A network's outputs come in pairs, as the linear learner's weights do: the mean of what both actions are worth, and
/// their difference. What is common to both is learnt from either action's steps.
extension Activations {
    /// What one pair of outputs says of each action, in the outputs' own scale.
    func pair(_ number: Int, row: Int) -> ActionValues {
        let index = row * Network.outputCount + 2 * number
        return ActionValues(mean: Double(outputs[index]), difference: Double(outputs[index + 1]))
    }

    /// Reward and calls from a state on, from the first two pairs.
    func forecast(row: Int, _ scales: OutputScales) -> Forecast {
        Forecast(reward: scales.reward * pair(0, row: row), callsAfter: scales.calls * pair(1, row: row))
    }
}

extension NetworkTraining {
    /// Sets the errors of one pair of outputs: the slope of half the squared error of what it says of the action taken.
    /// - Shapes: `target` in the outputs' own scale; `weight` >= 0.
    mutating func setError(row: Int, pair number: Int, role: Role, target: Double, weight: Double) {
        let values = activations.pair(number, row: row)
        let error = weight * ((role == .deepthink ? values.deepthink : values.quick) - target)
        let index = row * Network.outputCount + 2 * number
        outputErrors[index] = Float(error)
        outputErrors[index + 1] = Float(role == .deepthink ? 0.5 * error : -0.5 * error)
    }
}

/// What one unit of a network's outputs stands for, so that it learns numbers of about 1.
struct OutputScales: Hashable, Sendable {
    /// Units of reward.
    var reward: Double
    /// Calls.
    var calls: Double

    init(reward: Double, calls: Double) {
        self.reward = reward
        self.calls = calls
    }

    init(_ bounds: ReturnBounds) {
        let greatest = max(-bounds.lowest, bounds.highest)
        self.init(reward: greatest > 0 ? greatest : 1, calls: max(1, bounds.mostCalls))
    }
}

extension ActionValues {
    /// A value for each action from their mean and their difference.
    init(mean: Double, difference: Double) {
        self.init(quick: mean - 0.5 * difference, deepthink: mean + 0.5 * difference)
    }

    static func * (factor: Double, values: ActionValues) -> ActionValues {
        ActionValues(quick: factor * values.quick, deepthink: factor * values.deepthink)
    }
}
