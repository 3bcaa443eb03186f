import Domain

/// An actor with twin critics: what `SoftActorCritic` learns.
package struct ActorCritic: Hashable, Sendable {
    /// Its first output is the logit of DEEPTHINK.
    let actor: Network
    /// Two; their first two pairs of outputs are the reward and the calls after a step.
    let critics: [Network]
    let scales: OutputScales
    /// The price of a call that the actor has learnt to act at, in units of reward.
    let cost: Double

    var featureCount: Int { actor.first.inputCount }

    /// The mean of both critics.
    func forecast(_ x: Span<Float>) -> Forecast {
        let (one, other) = forecasts(x)
        func mean(_ values: KeyPath<Forecast, ActionValues>) -> ActionValues {
            ActionValues(
                quick: (one[keyPath: values].quick + other[keyPath: values].quick) / 2,
                deepthink: (one[keyPath: values].deepthink + other[keyPath: values].deepthink) / 2)
        }
        return Forecast(reward: mean(\.reward), callsAfter: mean(\.callsAfter))
    }

    /// The actor's likelier action at the price that it was trained at; at another one what the critics forecast. An actor
    /// that gives both the same odds knows nothing, and does not call DEEPTHINK.
    func greedy(_ x: Span<Float>, cost: Double) -> Role {
        guard cost == self.cost else { return forecast(x).greedy(cost: cost) }
        var activations = Activations(of: actor, rows: 1)
        actor.run(x, rows: 1, &activations)
        return activations.outputs[0] > 0 ? .deepthink : .quick
    }

    /// How far the critics' differences lie apart, as a standard deviation of two draws: rough, and too small where both
    /// err alike.
    func deviation(_ x: Span<Float>) -> Double {
        let (one, other) = forecasts(x)
        func difference(_ forecast: Forecast) -> Double {
            let values = forecast.values(cost: cost)
            return values.deepthink - values.quick
        }
        return abs(difference(one) - difference(other)) / 2.0.squareRoot()
    }

    private func forecasts(_ x: Span<Float>) -> (Forecast, Forecast) {
        var activations = Activations(of: critics[0], rows: 1)
        critics[0].run(x, rows: 1, &activations)
        let one = activations.forecast(row: 0, scales)
        critics[1].run(x, rows: 1, &activations)
        return (one, activations.forecast(row: 0, scales))
    }
}
