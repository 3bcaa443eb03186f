import Domain
import Switching
import Testing

/// Trials must stop bad versions, and not learning.
@Suite(.serialized) struct EvaluationTrialTests {
    private static let seeds = UInt64(1)...4

    /// The first 200 jobs of each history, in which every version comes in force.
    private static func warm(_ seed: UInt64, _ jobs: SimulatedJobs = .fourSteps) throws -> EvaluationHistory {
        var history = EvaluationHistory(jobs, seed: seed)
        history.isGated = false
        try history.run(199)
        history.isGated = true
        return history
    }

    /// On honest outcomes, after 300 jobs, what is in force is worth on the mean at most 0.03 less than without trials,
    /// of the 0.75 or so that a job of this family comes to.
    @Test(.timeLimit(.minutes(20))) func `trials do not keep a queue from learning`() async throws {
        var difference = 0.0
        for seed in Self.seeds {
            await Task.yield()
            var tried = try Self.warm(seed)
            var free = tried
            free.isGated = false
            try tried.run(101)
            try free.run(101)
            #expect(tried.verdicts.count == 5)
            difference += (tried.value() - free.value()) / Double(Self.seeds.count)
        }
        #expect(difference >= -0.03, "mean difference \(difference)")
    }

    /// A verifier that breaks and says the opposite for 100 jobs. Jobs that have really become different look the same, so
    /// a trial that never lets such a version pass would also stop learning from them; most of the harm must be stopped.
    @Test(.timeLimit(.minutes(20))) func `what was learnt from corrupted outcomes mostly does not come in force`()
        async throws
    {
        var loss = 0.0
        var freeLoss = 0.0
        for seed in Self.seeds {
            await Task.yield()
            var tried = try Self.warm(seed)
            let before = tried.value()
            var free = tried
            free.isGated = false
            try tried.run(101) { 1 - $0 }
            try free.run(101) { 1 - $0 }
            loss += (before - tried.value()) / Double(Self.seeds.count)
            freeLoss += (before - free.value()) / Double(Self.seeds.count)
        }
        #expect(freeLoss > 0.05, "without trials \(freeLoss)")
        #expect(loss < 0.6 * freeLoss, "with trials \(loss), without \(freeLoss)")
    }

    @Test(.timeLimit(.minutes(20))) func `a version that is bad on purpose is refused`() async throws {
        for seed in Self.seeds {
            await Task.yield()
            let history = try Self.warm(seed)
            let incumbent = try #require(history.policy)
            let trial = try history.trial(of: .fixed(try opposite(of: history).body), against: incumbent)
            #expect(trial.verdict == .refused, "seed \(seed): \(trial.estimates)")
        }
    }

    /// Of 24 steps, so that no logged episode went a new version's whole way: good versions come in force all the same, and bad
    /// ones do not.
    @Test(.timeLimit(.minutes(20))) func `trials on long episodes tell good versions from bad ones`() throws {
        var history = try Self.warm(1, .manySteps)
        let (incumbent, before) = (try #require(history.policy), history.value())
        let trial = try history.trial(of: .fixed(try opposite(of: history).body), against: incumbent)
        #expect(trial.verdict == .refused, "\(trial.estimates)")
        #expect(trial.estimates[.incumbent]?.hasLittleOverlap == true)
        try history.run(101)
        #expect(history.verdicts.contains(.passed))
        #expect(history.value() >= before - 0.01, "\(history.value()) after \(before)")
    }

    /// Else a sound version of a queue that explores much would look worse than its trial, and be frozen.
    @Test(.timeLimit(.minutes(20))) func `a trial says what the queue comes to with its exploration`() async throws {
        let rate = 0.5
        var (promised, found, foundWithout) = (0.0, 0.0, 0.0)
        for seed in Self.seeds {
            await Task.yield()
            var history = EvaluationHistory(seed: seed, explorationRate: rate)
            history.isGated = false
            try history.run(300)
            let incumbent = try #require(history.policy)
            let trial = try history.trial(of: .learnt(through: incumbent.episodeCount), against: incumbent)
            let estimate = try #require(trial.estimates[.incumbent])
            #expect(estimate.effectiveCount > 100, "\(estimate)")
            promised += estimate.net.value / Double(Self.seeds.count)
            found += history.value(explorationRate: rate) / Double(Self.seeds.count)
            foundWithout += history.value() / Double(Self.seeds.count)
        }
        #expect(abs(promised - found) < 0.03, "promised \(promised), found \(found)")
        #expect(foundWithout > found + 0.05, "\(foundWithout) without exploration")
    }

    /// What would be learnt if every outcome were the opposite.
    private func opposite(of history: EvaluationHistory) throws -> Policy {
        try history.learn(
            from: history.episodes.map { episode in
                var flipped = episode
                let last = episode.steps.count - 1
                flipped.steps[last].reward = 1 - episode.steps[last].reward
                return flipped
            })
    }

    /// The same history gives the same verdict and the same bits, or no audit could repeat it.
    @Test func `a trial can be repeated to the bit`() throws {
        let history = try Self.warm(7)
        let incumbent = try #require(history.policy)
        let first = try history.trial(of: .learnt(through: history.episodes.count), against: incumbent)
        let second = try history.trial(of: .learnt(through: history.episodes.count), against: incumbent)
        #expect(first.estimates == second.estimates)
        #expect(first.verdict == second.verdict)
        // Neither learns from the fold that it is judged on, so whoever is tried against itself is no worse.
        let itself = try history.trial(of: .learnt(through: incumbent.episodeCount), against: incumbent)
        #expect(itself.estimates[.candidate] == itself.estimates[.incumbent])
    }
}
