import Domain
import Switching
import Testing

/// The targets that make the Switcher free beside a language model's step. The best of several runs, as the machine may
/// be busy with others.
@Suite(.serialized) struct SpeedTests {
    static let encoder = HashedEncoder()
    /// A long question: 4 KB are read of it.
    static let state = SwitcherState(
        question: String(repeating: "Find the number of apples, 17 + 25 of them, in the basket. ", count: 80),
        answer: String(repeating: "Step by step: 42. ", count: 60), stepIndex: 3, maxSteps: 12)

    private func best(_ runs: Int, _ work: () throws -> Void) rethrows -> Duration {
        var best = Duration.seconds(1_000_000)
        let clock = ContinuousClock()
        for _ in 0..<runs { best = min(best, try clock.measure(work)) }
        return best
    }

    @Test func `a long question is encoded within 50 microseconds and decided upon within 5`() throws {
        var sum: Float = 0
        let encoding = best(20) { for _ in 0..<50 { sum += Self.encoder.encode(Self.state)[1] } } / 50
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
        #expect(encoding < .microseconds(50))
        #expect(deciding < .microseconds(5))
    }

    @Test(.timeLimit(.minutes(2)))
    func `2,000 episodes of 8 steps are learnt within 2 seconds`() throws {
        var generator = SplitMix64(seed: 1)
        let episodes = (0..<2000).map { _ in
            let question = JobFamily.question(using: &generator)
            let isRight = generator.nextUniform() < (question.isHard ? 0.3 : 0.8)
            return TrainingEpisode(
                steps: (0..<8).map { index in
                    let state = SwitcherState(question: question.text, stepIndex: index, maxSteps: 12)
                    return TrainingStep(
                        features: Self.encoder.encode(state),
                        role: generator.nextUniform() < 0.3 ? .deepthink : .quick,
                        reward: index == 7 && isRight ? 1 : 0)
                })
        }
        let learning = try best(2) {
            _ = try FittedQ().learn(
                from: episodes, settings: SwitcherSettings(), featureCount: Self.encoder.featureCount)
        }
        print("learn \(learning)")
        #expect(learning < .seconds(2))
    }
}
