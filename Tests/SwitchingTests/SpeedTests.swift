import Domain
import Glibc
import Testing

@testable import Switching

/// The targets that make the Switcher free beside a language model's step: processor time of one thread, the best of
/// several runs, as the machine may be busy with others. A busy neighbour in the caches may still cost twice the target, so
/// that a test fails only beyond that.
@Suite(.serialized) struct SpeedTests {
    static let neighbours = 2
    static let encoder = HashedEncoder()
    /// A long question: 3 KiB are read of it.
    static let state = SwitcherState(
        question: String(repeating: "Find the number of apples, 17 + 25 of them, in the basket. ", count: 80),
        lastText: String(repeating: "Step by step: 42. ", count: 60), stepIndex: 0, maxSteps: 12)

    private func best(_ runs: Int, _ work: () throws -> Void) rethrows -> Duration {
        var best = Duration.seconds(1_000_000)
        for _ in 0..<runs {
            let start = threadTime()
            try work()
            best = min(best, threadTime() - start)
        }
        return best
    }

    @Test func `a long question is encoded within 100 microseconds and decided upon within 5`() throws {
        var sum: Float = 0
        let encoding = best(20) { for _ in 0..<50 { sum += Self.encoder.encode(Self.state)[0] } } / 50
        let policy = try learntPolicy([], cost: 0.1, featureCount: Self.encoder.featureCount)
        let features = Self.encoder.encode(Self.state)
        var calls = 0
        let deciding =
            best(20) {
                for seed in UInt64(0)..<1000 {
                    let decision = decide(
                        features: features, state: Self.state, settings: SwitcherSettings(), policy: policy,
                        mask: nil, explorationAllowed: true, seed: seed)
                    if decision.role == .deepthink { calls += 1 }
                }
            } / 1000
        print("encode \(encoding), decide \(deciding)")
        #expect(sum > 0 && calls > 0)
        #expect(encoding < .microseconds(100) * Self.neighbours)
        #expect(deciding < .microseconds(5) * Self.neighbours)
    }

    @Test
    func `2,000 episodes of 8 steps are learnt within 2 seconds`() throws {
        let learning = try best(2) { try learn(FittedQ()) }
        print("learn \(learning)")
        #expect(learning < .seconds(2) * Self.neighbours)
    }

    /// At the sizes in use.
    @Test
    func `2,000 episodes of 8 steps are learnt within 20 seconds by the networks`() throws {
        let neural = try best(1) { try learn(FittedQMLP()) }
        let actorCritic = try best(1) { try learn(SoftActorCritic()) }
        print("learn fitted-q-mlp \(neural), sac \(actorCritic)")
        #expect(neural < .seconds(20) * Self.neighbours)
        #expect(actorCritic < .seconds(20) * Self.neighbours)
    }

    private func threadTime() -> Duration {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
    }

    private func learn(_ learner: any Learner) throws {
        _ = try learner.learn(
            from: Self.episodes, settings: SwitcherSettings(), featureCount: Self.encoder.featureCount)
    }

    private static let episodes: [TrainingEpisode] = {
        var generator = SplitMix64(seed: 1)
        return (0..<2000).map { _ in
            let question = JobFamily.question(using: &generator)
            let isRight = generator.nextUniform() < (question.isHard ? 0.3 : 0.8)
            return TrainingEpisode(
                steps: (0..<8).map { index in
                    let state = SwitcherState(question: question.text, stepIndex: index, maxSteps: 12)
                    return TrainingStep(
                        features: encoder.encode(state), role: generator.nextUniform() < 0.3 ? .deepthink : .quick,
                        reward: index == 7 && isRight ? 1 : 0)
                })
        }
    }()

    /// A network of the target's size: 512 features, 128 and 128 hidden.
    @Test func `a network of 512-128-128 decides within 50 microseconds and updates within 2 milliseconds`() {
        let network = Network(featureCount: 512, widths: HiddenWidths(128, 128), seed: 1)
        var generator = SplitMix64(seed: 2)
        let features = (0..<512).map { _ in Float(2 * generator.nextUniform() - 1) }
        var sum: Float = 0
        let values = NeuralValues(
            hidden: HiddenLayers(first: network.first, second: network.second), linear: LinearValues(zero: 129))
        let deciding =
            best(20) { for _ in 0..<20 { sum += Float(values.forecast(features.span).reward.quick) } } / 20

        var training = NetworkTraining(network, rows: 64)
        training.features = (0..<(64 * 512)).map { _ in Float(2 * generator.nextUniform() - 1) }
        let updating = best(50) {
            training.run()
            for row in 0..<64 {
                training.setError(row: row, pair: 0, role: .deepthink, target: 1, weight: 1 / 64)
                training.setError(row: row, pair: 1, role: .quick, target: 1, weight: 1 / 64)
            }
            training.setGradients()
            training.step(rate: 1e-3)
        }
        print("512-128-128: decide \(deciding), update of 64 \(updating)")
        #expect(sum == 0)
        #expect(deciding < .microseconds(50) * Self.neighbours)
        #expect(updating < .milliseconds(2) * Self.neighbours)
    }
}
