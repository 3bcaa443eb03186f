import Domain
import Testing

@testable import Switching

/// A draft that DEEPTHINK confirms shows that its call changed nothing: what a call is worth is learnt from that too.
@Suite struct Confirmations {
    /// Episodes of one step in states of many features, of which few tell whether QUICK errs: where it does DEEPTHINK earns
    /// more. Rewards have far more spread than a call is worth.
    private struct Errands {
        static let count = 12
        static let cost = 0.25
        var generator: SplitMix64

        init(seed: UInt64) { generator = SplitMix64(seed: seed) }

        mutating func features() -> [Float] {
            [1] + (0..<Self.count).map { _ in generator.nextUniform() < 0.5 ? 1 : 0 }
        }

        /// The probability that QUICK errs: where two of the first three features are there.
        static func error(_ x: [Float]) -> Double { x[1] + x[2] + x[3] >= 2 ? 0.8 : 0.05 }

        mutating func episode() -> TrainingEpisode {
            let x = features()
            let role: Role = generator.nextUniform() < 0.5 ? .deepthink : .quick
            let errs = generator.nextUniform() < Self.error(x)
            let spread = 4 * (generator.nextUniform() + generator.nextUniform() - 1)
            return TrainingEpisode(steps: [
                TrainingStep(
                    features: x, role: role, reward: spread + (role == .deepthink || !errs ? 1 : 0), propensity: 0.5,
                    confirmsDraft: role == .deepthink ? !errs : nil)
            ])
        }

        /// What a policy loses in a state, on the mean, in units of reward.
        mutating func regret(_ body: PolicyBody) -> Double {
            let lost = (0..<1000).map { _ in
                let x = features()
                let gain = Self.error(x) - Self.cost
                return (gain > 0) == (body.greedy(x.span, cost: Self.cost) == .deepthink) ? 0 : abs(gain)
            }
            return lost.reduce(0, +) / 1000
        }
    }

    private func learnt(
        _ episodes: [TrainingEpisode], drafts: Bool = true, learner: some Learner = FittedQ()
    ) throws -> PolicyBody {
        let episodes = episodes.map { episode in
            var episode = episode
            if !drafts { for index in episode.steps.indices { episode.steps[index].confirmsDraft = nil } }
            return episode
        }
        return try learner.learn(
            from: episodes, settings: SwitcherSettings(kind: learner.kind, cost: Errands.cost),
            featureCount: Errands.count + 1)
    }

    @Test func `what drafts tell takes a quarter off the regret of what outcomes tell alone`() throws {
        var (with, without) = (0.0, 0.0)
        var better = 0
        for seed in UInt64(1)...20 {
            var errands = Errands(seed: seed)
            let episodes = (0..<800).map { _ in errands.episode() }
            let regrets = (errands.regret(try learnt(episodes)), errands.regret(try learnt(episodes, drafts: false)))
            with += regrets.0 / 20
            without += regrets.1 / 20
            if regrets.0 <= regrets.1 { better += 1 }
        }
        print("regret with drafts", with, "without", without, "no worse in", better, "of 20")
        #expect(with < 0.75 * without)
        #expect(better >= 17)
    }

    @Test func `the share of confirmed drafts is learnt from the features`() throws {
        var errands = Errands(seed: 3)
        let replay = try ReplayMatrix((0..<4000).map { _ in errands.episode() }, featureCount: Errands.count + 1)
        let confirmation = Confirmation(replay)
        var means: [(sum: Double, count: Double)] = [(0, 0), (0, 0)]
        for _ in 0..<1000 {
            let x = errands.features()
            let place = Errands.error(x) > 0.5 ? 1 : 0
            means[place].sum += confirmation.disagreement(x.span)
            means[place].count += 1
        }
        // Linear in the features, where the truth is not.
        #expect(means[0].sum / means[0].count < 0.25, "\(means)")
        #expect(means[1].sum / means[1].count > 0.6, "\(means)")
    }

    /// Where nothing is known of drafts, all is as if there were none; and the bytes are those of format 1.
    @Test func `without drafts nothing changes`() throws {
        var errands = Errands(seed: 1)
        let episodes = (0..<50).map { _ in errands.episode() }
        guard case .linear(let values) = try learnt(episodes, drafts: false) else { throw NotLinear() }
        #expect(!values.confirmation.isKnown)
        #expect(values.confirmation.disagreement(errands.features().span) == 1)
        #expect(policy(.linear(values)).bytes[4] == 1)
    }

    @Test func `a policy that knows of drafts comes back from its bytes`() throws {
        var errands = Errands(seed: 1)
        let episodes = (0..<50).map { _ in errands.episode() }
        for learner in [FittedQ() as any Learner, FittedQMLP()] {
            let policy = policy(try learnt(episodes, learner: learner), kind: learner.kind)
            #expect(policy.bytes[4] == 2)
            #expect(try Policy(bytes: policy.bytes) == policy)
        }
    }

    /// A call that is likely to bring nothing is worth as much less, and that is as much less uncertain.
    @Test func `differences and their deviation are in proportion to the disagreement`() throws {
        var errands = Errands(seed: 2)
        let episodes = (0..<1000).map { _ in errands.episode() }
        guard case .linear(let values) = try learnt(episodes) else { throw NotLinear() }
        var certain = values
        certain.confirmation = Confirmation()
        for _ in 0..<100 {
            let x = errands.features()
            let share = values.confirmation.disagreement(x.span)
            #expect(share >= 0.02 && share <= 1)
            for value in [\Forecast.reward, \.callsAfter] {
                let (less, whole) = (values.forecast(x.span)[keyPath: value], certain.forecast(x.span)[keyPath: value])
                #expect(abs(less.deepthink - less.quick - share * (whole.deepthink - whole.quick)) < 1e-9)
            }
            #expect(abs(values.deviation(x.span) - share * certain.deviation(x.span)) < 1e-9)
        }
    }

    private func policy(_ body: PolicyBody, kind: SwitcherKind = .fittedQ) -> Policy {
        Policy(
            kind: kind, version: 1, encoderIdentity: "e", pairKey: "p", body: body, episodeCount: 50, throughOutcome: 9)
    }

    private struct NotLinear: Error {}
}
