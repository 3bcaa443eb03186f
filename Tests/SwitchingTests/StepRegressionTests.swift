import Domain
import Glibc
import Testing

@testable import Switching

/// Few jobs are evaluated by their steps instead of by a thousand weights: that must change nothing but the time.
@Suite struct `Regression by steps` {
    private static let featureCount = HashedEncoder().featureCount

    private static func history(_ seed: UInt64, _ count: Int) throws -> EvaluationHistory {
        var history = EvaluationHistory(seed: seed)
        try history.run(count)
        return history
    }

    private static func greatestDifference(_ left: LinearValues, _ right: LinearValues) -> Double {
        left.greatestDistance(to: right)
    }

    /// Of this thread.
    private static func processorTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func `has the weights of the other form`(seed: UInt64) throws {
        var episodes = try Self.history(seed, 30).episodes
        for index in episodes.indices where index.isMultiple(of: 3) { episodes[index].weight = 0.25 }
        let replay = try ReplayMatrix(episodes, featureCount: Self.featureCount)
        #expect(replay.count < 2 * Self.featureCount)
        var priors = FittedQ()
        priors.meanPrecision = 0.5
        priors.differencePrecision = 2
        var targets = Targets(count: replay.count)
        var generator = SplitMix64(seed: seed)
        for index in 0..<replay.count {
            targets.reward[index] = Double.random(in: -1...1, using: &generator)
            targets.calls[index] = Double.random(in: 0...4, using: &generator)
        }
        let factor = Cholesky(priors.precision(of: replay), count: 2 * Self.featureCount)
        let expected = priors.solve(factor, replay, targets)
        let found = StepRegression(replay, priors).solve(targets)
        #expect(Self.greatestDifference(expected, found) < 1e-9)
    }

    @Test func `chooses as what is learnt does`() throws {
        let history = try Self.history(5, 60)
        for learner in [FittedQ(), MyopicBandit()] as [any Learner] {
            let whole = try learner.learn(
                from: history.episodes, settings: history.settings, featureCount: Self.featureCount)
            let greedy = try learner.learnGreedy(
                from: history.episodes, settings: history.settings, featureCount: Self.featureCount)
            for step in history.episodes.flatMap(\.steps) {
                #expect(
                    whole.greedy(step.features.span, cost: history.settings.cost)
                        == greedy.greedy(step.features.span, cost: history.settings.cost))
            }
        }
    }

    /// A report evaluates a sweep of prices and five baselines for each queue: 100 jobs took 11 seconds.
    @Test func `evaluates a young queue within a second`() throws {
        let history = try Self.history(7, 100)
        let start = Self.processorTime()
        let fit = try CrossFit(history.episodes, featureCount: Self.featureCount)
        let made = Self.processorTime()
        let learnt = try fit.learn(FittedQ(), settings: history.settings, featureCount: Self.featureCount)
        let done = Self.processorTime()
        for price in 0..<14 {
            let cost = 0.01 * Double(price)
            _ = fit.doublyRobust(cost: 0.1) { .greedy(learnt[$0], cost: cost) }
        }
        print("cross-fit \(made - start), learn \(done - made), evaluate \(Self.processorTime() - done)")
        #expect(Self.processorTime() - start < .seconds(1) * SpeedTests.neighbours)
    }
}
