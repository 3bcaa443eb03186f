package import Domain

/// How many DEEPTHINK calls one job is expected to make at each price of a call on top of the queue's cost: what a
/// policy would do in the states that the newest jobs have been in. Never rises with the price.
///
/// States are counted as often as the policy at that price would come to them, by the odds with which the recorded
/// choices were made (weighted importance sampling, decision by decision). The weights are softened and clipped: a few
/// rare histories must not speak for all.
/// - Source: Precup, Sutton and Singh, "Eligibility traces for off-policy policy evaluation", 2000 (the weighted
///   per-decision estimator).
package struct DemandCurve: Hashable, Sendable {
    /// From the lowest price, 0, to the highest, at which nobody calls whose calls have a price.
    package let points: [Point]
    /// DEEPTHINK calls of one job that exploration draws at price 0, where it may.
    package let explorationCalls: Double
    /// Jobs that it was estimated from.
    package let episodeCount: Int

    package struct Point: Hashable, Sendable {
        /// On top of the cost, in units of reward.
        package var price: Double
        /// Greedy DEEPTHINK calls of one job.
        package var calls: Double
        /// What the calls are worth, the cost taken off, that this price refuses and the one before still makes; 0 for
        /// the first.
        package var worth: Double
    }

    /// The most prices that are looked at.
    static let pointLimit = 64
    /// Prices nearer to each other than this are the same, in units of reward.
    private static let resolution = 1e-9
    /// A policy without exploration is taken to leave its greedy choice this often, so that a history that it would not
    /// have had counts for little and not for nothing.
    private static let softness = 0.1
    /// The most that one history counts for, in histories.
    private static let weightLimit = 10.0

    /// - Parameter episodes: the newest of the queue; those with no step or other features than the policy's are left
    ///   out.
    /// - Precondition: `settings` are those under which the policy acts (its kind included).
    package init(_ episodes: [TrainingEpisode], policy: Policy, settings: SwitcherSettings) {
        let histories = episodes.compactMap { History($0, policy: policy) }
        let odds = ChoiceOdds(settings: settings, episodeCount: policy.episodeCount)
        let prices = Self.prices(histories, cost: settings.cost)
        let softened = max(odds.drawRate, Self.softness) / 2
        var calls = prices.map { price in
            Self.perJob(histories, cost: settings.cost + price.price, softness: softened) { isGreedy in
                odds.demand(isGreedy: isGreedy)
            }
        }
        makeFalling(&calls)
        points = zip(prices, calls).map { Point(price: $0.price, calls: $1, worth: $0.worth) }
        explorationCalls = Self.perJob(histories, cost: settings.cost, softness: softened) { isGreedy in
            odds.exploration(isGreedy: isGreedy)
        }
        episodeCount = histories.count
    }

    /// Greedy DEEPTHINK calls of one job at a price: between two known prices on the line between them.
    package func calls(at price: Double) -> Double {
        guard let next = points.firstIndex(where: { $0.price > price }) else { return points.last?.calls ?? 0 }
        if next == 0 { return points[0].calls }
        let (below, above) = (points[next - 1], points[next])
        let share = (price - below.price) / (above.price - below.price)
        return below.calls + share * (above.calls - below.calls)
    }

    /// What is known of one job's steps: what each choice would bring, and what was chosen with which probability.
    private struct History {
        /// nil: QUICK at each price.
        var steps: [(forecast: Forecast?, role: Role, propensity: Double)]

        init?(_ episode: TrainingEpisode, policy: Policy) {
            let count = policy.body.featureCount
            guard !episode.steps.isEmpty, episode.steps.allSatisfy({ $0.features.count == count }) else { return nil }
            steps = episode.steps.map { step in
                let isHeeded = policy.body.heedsForecast(step.features.span)
                return (isHeeded ? policy.body.forecast(step.features.span) : nil, step.role, step.propensity)
            }
        }
    }

    /// 0, and one price between each two of the worths at which some state's choice changes; of many such worths some
    /// that lie evenly among them. A price never is such a worth itself, so that rounding decides nothing.
    private static func prices(_ histories: [History], cost: Double) -> [(price: Double, worth: Double)] {
        var worths: [Double] = []
        for history in histories {
            for step in history.steps {
                guard let forecast = step.forecast else { continue }
                let gain = forecast.reward.deepthink - forecast.reward.quick
                let calls = 1 + forecast.callsAfter.deepthink - forecast.callsAfter.quick
                // Where DEEPTHINK saves later calls, a higher price is no reason against it.
                guard calls > resolution, gain / calls - cost > resolution else { continue }
                worths.append(gain / calls - cost)
            }
        }
        worths.sort()
        var distinct: [Double] = []
        for worth in worths where worth - (distinct.last ?? -1) > resolution { distinct.append(worth) }
        if distinct.count >= pointLimit {
            distinct = (1..<pointLimit).map { distinct[($0 * distinct.count - 1) / (pointLimit - 1)] }
        }
        var prices = [(price: 0.0, worth: 0.0)]
        for (index, worth) in distinct.enumerated() {
            let next = index + 1 < distinct.count ? distinct[index + 1] : worth * 1.02 + 2 * resolution
            prices.append((price: (worth + next) / 2, worth: worth))
        }
        return prices
    }

    /// The sum over a job's steps of `demand`, which is told whether DEEPTHINK is the greedy choice.
    private static func perJob(
        _ histories: [History], cost: Double, softness: Double, demand: (Bool) -> Double
    ) -> Double {
        // How much each history counts for before the step that is looked at.
        var weights = [Double](repeating: 1, count: histories.count)
        var sum = 0.0
        let longest = histories.reduce(0) { max($0, $1.steps.count) }
        for index in 0..<longest {
            var ofStep = 0.0
            var ofAll = 0.0
            for (number, history) in histories.enumerated() {
                // An ended job goes on counting as one that makes no more calls.
                ofAll += weights[number]
                guard index < history.steps.count else { continue }
                let step = history.steps[index]
                let isGreedy = step.forecast?.greedy(cost: cost) == .deepthink
                ofStep += weights[number] * demand(isGreedy)
                let agrees = isGreedy == (step.role == .deepthink)
                let ratio = (agrees ? 1 - softness : softness) / step.propensity
                weights[number] = min(weights[number] * ratio, weightLimit)
            }
            if ofAll > 0 { sum += ofStep / ofAll }
        }
        return sum
    }
}

/// The nearest sequence, by squares, that never rises.
/// - Source: Ayer et al., "An empirical distribution function for sampling with incomplete information", 1955 (pooling
///   adjacent violators).
private func makeFalling(_ values: inout [Double]) {
    var pools: [(mean: Double, count: Int)] = []
    for value in values {
        pools.append((value, 1))
        while pools.count > 1, pools[pools.count - 1].mean > pools[pools.count - 2].mean {
            let last = pools.removeLast()
            let other = pools.removeLast()
            let count = last.count + other.count
            let mean = (last.mean * Double(last.count) + other.mean * Double(other.count)) / Double(count)
            pools.append((mean, count))
        }
    }
    values = pools.flatMap { Array(repeating: $0.mean, count: $0.count) }
}
