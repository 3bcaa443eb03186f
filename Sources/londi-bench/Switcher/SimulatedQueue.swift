import Domain
import Simulations
import Switching

/// A queue of simulated jobs as londid would run it: decide with the newest policy, close the episode, refit now and then.
struct SimulatedQueue {
    /// Jobs between two refits.
    var refitInterval = 25

    var jobs: DeliberationJobs
    var settings: SwitcherSettings
    private(set) var policy: Policy?
    private(set) var episodes: [TrainingEpisode] = []
    private(set) var generator: SplitMix64

    init(_ settings: SwitcherSettings, seed: UInt64) {
        self.settings = settings
        jobs = DeliberationJobs(seed: seed)
        generator = SplitMix64(seed: seed)
    }

    /// What a stretch of jobs came to.
    struct Sum {
        var jobs = 0
        var reward = 0.0
        var calls = 0
        var meanReward: Double { reward / Double(jobs) }
        var callShare: Double { Double(calls) / Double(jobs * DeliberationJobs.stepCount) }
        func net(cost: Double) -> Double { (reward - cost * Double(calls)) / Double(jobs) }
    }

    /// Runs `count` jobs and learns from each.
    mutating func train(_ count: Int) throws -> Sum {
        var sum = Sum()
        for _ in 0..<count {
            let run = jobs.run(using: &generator) { choose($0, $1, $2, settings, policy) }
            sum.add(run)
            episodes.append(run.episode)
            if episodes.count.isMultiple(of: refitInterval) { try refit() }
        }
        return sum
    }

    /// Runs `count` jobs of another seed, without exploring and without learning.
    func evaluate(_ count: Int, seed: UInt64) -> Sum {
        var settings = settings
        settings.explorationRate = 0
        var generator = SplitMix64(seed: seed)
        var sum = Sum()
        for _ in 0..<count { sum.add(jobs.run(using: &generator) { choose($0, $1, $2, settings, policy) }) }
        return sum
    }

    /// The same episodes learnt from at another price, as after `londictl queue set --cost`.
    func refitted(cost: Double) throws -> SimulatedQueue {
        var queue = self
        queue.settings.cost = cost
        try queue.refit()
        return queue
    }

    private mutating func refit() throws {
        guard let learner = learner(for: settings.kind) else { return }
        policy = Policy(
            kind: settings.kind, version: (policy?.version ?? 0) + 1, encoderIdentity: jobs.encoderIdentity,
            pairKey: "simulated",
            body: try learner.learn(from: episodes, settings: settings, featureCount: jobs.featureCount),
            episodeCount: episodes.count, throughOutcome: Int64(episodes.count))
    }
}

extension SimulatedQueue.Sum {
    fileprivate mutating func add(_ run: DeliberationJobs.Run) {
        jobs += 1
        reward += run.reward
        calls += run.calls
    }
}

private func choose(
    _ state: SwitcherState, _ features: [Float], _ seed: UInt64, _ settings: SwitcherSettings, _ policy: Policy?
) -> Decision {
    decide(
        features: features, state: state, settings: settings, policy: policy, mask: nil, explorationAllowed: true,
        seed: seed)
}
