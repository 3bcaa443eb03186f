import Domain
import Switching
import Testing

/// What policies would have come to, from what others did: wrong intervals here put bad policies in force.
@Suite struct EvaluationTests {
    private let chain = EvaluationChain()

    /// Policies of every sort: baselines, one that depends on the state, and a limit on the calls.
    private static let targets: [(name: String, target: TargetPolicy, limit: Int, odds: @Sendable (Int) -> Double)] = [
        ("always-quick", .alwaysQuick, .max, { _ in 0 }), ("always-deepthink", .alwaysDeepthink, .max, { _ in 1 }),
        (
            "the hard state", TargetPolicy { EvaluationChain.state($0) == 1 ? 1 : 0 }, .max,
            { $0 == 1 ? 1 : 0 }
        ),
        (
            "at most one call", TargetPolicy(callLimit: 1) { _ in 0.6 }, 1, { _ in 0.6 }
        ),
    ]

    /// Nominal 95 %: of 300 simulated histories between 90 and 99 % must hold the truth, by both estimators, for reward,
    /// calls and net value. One history's interval proves nothing.
    @Test(arguments: targets.indices) func `the intervals hold the truth as often as they say`(index: Int) async throws
    {
        let (name, target, limit, odds) = Self.targets[index]
        let truth = chain.value(limit: limit, odds)
        let net = truth.reward - EvaluationChain.cost * truth.calls
        let historyCount = 300
        var held: [String: Int] = [:]
        for seed in 1...UInt64(historyCount) {
            // Others' sockets wait for the same few threads.
            await Task.yield()
            let fit = try chain.crossFit(chain.history(300, seed: seed))
            let estimates = [
                ("doubly robust", fit.doublyRobust(cost: EvaluationChain.cost) { _ in target }),
                ("importance sampled", fit.importanceSampled(cost: EvaluationChain.cost) { _ in target }),
            ]
            for (method, estimate) in estimates {
                let estimate = try #require(estimate)
                for (what, found, expected) in [
                    ("reward", estimate.reward, truth.reward), ("calls", estimate.calls, truth.calls),
                    ("net", estimate.net, net),
                ] where found.lower - 1e-9 <= expected && expected <= found.upper + 1e-9 {
                    held["\(method) \(what)", default: 0] += 1
                }
            }
        }
        for (what, count) in held.sorted(by: { $0.key < $1.key }) {
            let share = Double(count) / Double(historyCount)
            // Calls that the policy fixes are known without error.
            let isCertain = what.hasSuffix("calls") && name == "always-quick"
            #expect(isCertain ? share == 1 : (0.9...0.99).contains(share), "\(name) \(what): \(share)")
        }
        #expect(held.count == 6)
    }

    /// What was never tried cannot be known, and has to be said.
    @Test func `choices that could not have been logged are counted as unsupported`() throws {
        var certain = chain
        certain.odds = [0, 0, 0]
        let estimate = try #require(
            try certain.crossFit(certain.history(100, seed: 1)).doublyRobust(cost: 0) { _ in .alwaysDeepthink })
        #expect(estimate.unsupportedShare == 1)
        #expect(estimate.effectiveCount == 0)
        #expect(estimate.hasLittleOverlap)
        let own = try #require(
            try certain.crossFit(certain.history(100, seed: 1)).doublyRobust(cost: 0) { _ in .alwaysQuick })
        #expect(own.unsupportedShare == 0)
        #expect(own.effectiveCount == 100)
    }

    /// The policy that made the log is worth what the log says, whatever model corrects it.
    @Test func `the logging policy's estimate is near the mean of the log`() throws {
        let history = chain.history(200, seed: 2)
        let mean = history.reduce(0) { $0 + $1.steps.reduce(0) { $0 + $1.reward } } / 200
        let odds = chain.odds
        let target = TargetPolicy { odds[EvaluationChain.state($0)] }
        let fit = try chain.crossFit(history)
        let sampled = try #require(fit.importanceSampled(cost: 0) { _ in target })
        #expect(abs(sampled.reward.value - mean) < 1e-9)
        #expect(abs(sampled.effectiveCount - 200) < 1e-9)
        let robust = try #require(fit.doublyRobust(cost: 0) { _ in target })
        #expect(abs(robust.reward.value - mean) < 0.03)
    }

    @Test func `a masked step has one action, and another pair's episodes are not evaluated`() throws {
        var history = chain.history(100, seed: 3)
        for index in history.indices {
            for step in history[index].steps.indices {
                history[index].steps[step].maskReason = .calls
                history[index].steps[step].role = .quick
                history[index].steps[step].propensity = 1
            }
        }
        history += chain.history(50, seed: 4).map { episode in
            var foreign = episode
            foreign.weight = 0.5
            return foreign
        }
        let fit = try chain.crossFit(history)
        let masked = try #require(fit.doublyRobust(cost: 0.1) { _ in .alwaysDeepthink })
        #expect(masked.episodeCount == 100)
        #expect(masked.calls == Estimate(value: 0, lower: 0, upper: 0))
        #expect(masked.unsupportedShare == 0)
    }

    @Test func `a threshold is read back from the features as the Switcher applied it`() throws {
        let encoder = HashedEncoder()
        let settings = SwitcherSettings(kind: .threshold, parameter: -0.5)
        let target = try #require(TargetPolicy.baseline(.threshold, parameter: -0.5, encoder: encoder))
        func certainty(_ mean: Double) -> LogProbabilities {
            LogProbabilities(minimum: mean, lowerQuartile: mean, median: mean, mean: mean)
        }
        let states: [(role: Role, mean: Double?, draft: Double?)] = [
            (.quick, -0.6, nil), (.quick, -0.4, nil), (.deepthink, -0.9, nil), (.quick, nil, nil), (.quick, -0.4, -0.6),
            (.deepthink, -0.9, -0.4),
        ]
        for (role, mean, draft) in states {
            let state = SwitcherState(
                question: "a", stepIndex: 1, maxSteps: 4, lastRole: role,
                quickLogProbabilities: mean.map(certainty),
                draft: draft.map { Generated(text: "x", stopReason: .paragraph, logProbabilities: certainty($0)) })
            let features = encoder.encode(state)
            let made = decide(
                features: features, state: state, settings: settings, policy: nil, mask: nil, explorationAllowed: false,
                seed: 1
            ).role
            let episode = TrainingEpisode(steps: [TrainingStep(features: features, role: made, reward: 1)])
            let estimate = try CrossFit(Array(repeating: episode, count: 8), featureCount: encoder.featureCount)
                .importanceSampled(cost: 0) { _ in target }
            #expect(estimate?.effectiveCount == 8, "\(role) \(mean ?? 1) \(draft ?? 1)")
        }
    }
}
