import Domain

/// What each step of the replay should predict: the reward from it on, and the DEEPTHINK calls after it.
struct Targets {
    /// [steps], units of reward.
    var reward: [Double]
    /// [steps], calls.
    var calls: [Double]

    init(count: Int) {
        reward = [Double](repeating: 0, count: count)
        calls = reward
    }

    /// Sets all targets from what is forecast now, each episode from its end to its beginning:
    /// `G_t = R_t + gamma ((1 - lambda) V(s') + lambda (G_{t+1} where g_{t+1} is greedy, else V(s')))`, and the same
    /// for the calls. In a masked state only QUICK is greedy.
    mutating func walkBackwards(
        _ replay: ReplayMatrix, _ forecasts: ReplayForecasts, cost: Double, discount: Double, traceDecay: Double,
        bounds: ReturnBounds
    ) {
        // What the step after the current one is worth: estimated, and as it happened.
        var next = Future()
        for index in (0..<replay.count).reversed() {
            let step = replay.steps[index]
            let here = forecasts.steps[index].greedy(cost: cost, isMasked: step.isMasked, bounds: bounds)
            switch step.following {
            case .step: break
            case .end: next = Future()
            case .final(let row, let isMasked):
                let final = forecasts.finals[row].greedy(cost: cost, isMasked: isMasked, bounds: bounds)
                next = Future(reward: final.reward, calls: final.calls)
            case .unknown:
                reward[index] = 0
                calls[index] = 0
                next = Future(reward: here.reward, calls: here.calls)
                continue
            }
            reward[index] = step.reward + discount * next.reward
            calls[index] = discount * next.calls
            next = Future(reward: here.reward, calls: here.calls)
            if step.role == here.role {
                let taken = step.role == .deepthink ? 1.0 : 0
                next.reward += traceDecay * (reward[index] - here.reward)
                next.calls += traceDecay * (taken + calls[index] - here.calls)
            }
        }
    }

    private struct Future {
        var reward = 0.0
        var calls = 0.0
    }
}

/// The range in which sums of rewards can lie, so that estimates cannot run away from one sweep to the next.
struct ReturnBounds {
    private(set) var lowest = 0.0
    private(set) var highest = 0.0
    /// The most DEEPTHINK calls that an episode can make.
    private(set) var mostCalls: Double
    /// Steps of the longest episode.
    private(set) var longestEpisode: Int

    /// Where all episodes ended by themselves, the least and the greatest sum of rewards from any step to the end;
    /// else what the steps' extreme rewards would come to over the longest horizon.
    init(_ episodes: [TrainingEpisode], discount: Double) {
        longestEpisode = episodes.reduce(0) { max($0, $1.steps.count) }
        let horizon = discount < 1 ? 1 / (1 - discount) : Double(longestEpisode)
        mostCalls = horizon
        let isExact = discount == 1 && !episodes.contains(where: \.isTruncated)
        for episode in episodes {
            var sum = 0.0
            for step in episode.steps.reversed() {
                sum = isExact ? sum + step.reward : step.reward * horizon
                lowest = min(lowest, sum)
                highest = max(highest, sum)
            }
        }
    }

    /// A sum of rewards, brought into the range.
    func reward(_ sum: Double) -> Double { min(max(sum, lowest), highest) }

    /// A number of calls, brought into the range.
    func calls(_ count: Double) -> Double { min(max(count, 0), mostCalls) }
}

/// What is forecast for each state of a replay.
struct ReplayForecasts {
    /// [steps].
    var steps: [Forecast]
    /// [finals].
    var finals: [Forecast]
}

extension Forecast {
    /// The greedy role in a state, its reward and its calls from there on, this step's included.
    func greedy(cost: Double, isMasked: Bool, bounds: ReturnBounds) -> (role: Role, reward: Double, calls: Double) {
        let role = isMasked ? .quick : greedy(cost: cost)
        let value = role == .quick ? reward.quick : reward.deepthink
        let count = role == .quick ? callsAfter.quick : 1 + callsAfter.deepthink
        return (role, bounds.reward(value), bounds.calls(count))
    }
}
