import Domain
import Switching
import Testing

/// A decision is pure, and its propensity is the true probability: off-policy estimates stand or fall with it.
@Suite struct DecideTests {
    static let state = SwitcherState(
        question: "?", stepIndex: 1, maxSteps: 4, lastRole: .quick,
        quickLogProbabilities: LogProbabilities(minimum: -3, lowerQuartile: -2, median: -1, mean: -1))

    /// One feature; DEEPTHINK is worth `difference` more than QUICK before its cost.
    static func policy(difference: Double, episodeCount: Int) -> Policy {
        Policy(
            kind: .fittedQ, version: 3, encoderIdentity: "one", pairKey: "pair",
            body: .linear(
                LinearValues(
                    rewardMean: [0.5], rewardDifference: [difference], callsMean: [0], callsDifference: [0],
                    differencePrecisionFactor: [10], noiseVariance: 0.25)),
            episodeCount: episodeCount, throughOutcome: 9)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        var settings: SwitcherSettings
        var policy: Policy?
        var explorationAllowed: Bool
        /// The true probability of DEEPTHINK.
        var deepthink: Double
        var testDescription: String { "\(settings.kind), \(String(describing: policy?.episodeCount)), \(deepthink)" }
    }

    static let cases: [Case] = {
        let fitted = SwitcherSettings(cost: 0.1, explorationRate: 0.2)
        let keen = policy(difference: 0.3, episodeCount: 500)
        let shy = policy(difference: 0.05, episodeCount: 500)
        func baseline(_ kind: SwitcherKind, _ parameter: Double, _ deepthink: Double) -> Case {
            Case(
                settings: SwitcherSettings(kind: kind, parameter: parameter), policy: keen, explorationAllowed: true,
                deepthink: deepthink)
        }
        return [
            Case(settings: fitted, policy: keen, explorationAllowed: true, deepthink: 0.9),
            Case(settings: fitted, policy: keen, explorationAllowed: false, deepthink: 0.9),
            Case(settings: fitted, policy: shy, explorationAllowed: true, deepthink: 0.1),
            Case(settings: fitted, policy: shy, explorationAllowed: false, deepthink: 0),
            // Cold: nothing learnt, and half way to warm; the cap on exploration does not hold yet.
            Case(settings: fitted, policy: nil, explorationAllowed: true, deepthink: 0.3),
            Case(settings: fitted, policy: nil, explorationAllowed: false, deepthink: 0.3),
            Case(
                settings: fitted, policy: policy(difference: 0.05, episodeCount: 50), explorationAllowed: false,
                deepthink: 0.15),
            Case(
                settings: fitted, policy: policy(difference: 0.3, episodeCount: 50), explorationAllowed: false,
                deepthink: 0.85),
            // No exploration wanted: none, cold or not.
            Case(settings: SwitcherSettings(explorationRate: 0), policy: nil, explorationAllowed: true, deepthink: 0),
            Case(
                settings: SwitcherSettings(explorationRate: 0.2, explorationShare: 0), policy: nil,
                explorationAllowed: false, deepthink: 0),
            baseline(.alwaysQuick, 0.5, 0), baseline(.alwaysDeepthink, 0.5, 1), baseline(.random, 0.35, 0.35),
            baseline(.threshold, -0.5, 1), baseline(.threshold, -1.5, 0),
        ]
    }()

    /// 20,000 seeds; 5 standard deviations.
    @Test(arguments: cases)
    func `the logged propensity is the frequency of the choice over seeds`(given: Case) {
        let count = 20_000
        var chosen = 0
        for job in 1...count {
            let decision = decide(
                features: [1], state: Self.state, settings: given.settings, policy: given.policy, mask: nil,
                explorationAllowed: given.explorationAllowed,
                seed: decisionSeed(job: JobID(Int64(job)), episode: 1, step: 2))
            let expected = decision.role == .deepthink ? given.deepthink : 1 - given.deepthink
            #expect(abs(decision.propensity - expected) < 1e-12)
            if decision.role == .deepthink { chosen += 1 }
        }
        let deviation = (given.deepthink * (1 - given.deepthink) / Double(count)).squareRoot()
        #expect(abs(Double(chosen) / Double(count) - given.deepthink) <= 5 * deviation)
    }

    /// The sub-budget counts exploring calls: a greedy call is none, a cold one neither, a drawn one is.
    @Test func `only a choice drawn against the greedy one is exploration`() {
        let settings = SwitcherSettings(cost: 0.1, explorationRate: 0.5)
        for (policy, greedy) in [
            (Self.policy(difference: 0.3, episodeCount: 500), Role.deepthink),
            (Self.policy(difference: 0, episodeCount: 500), Role.quick),
        ] {
            for seed in UInt64(0)..<200 {
                let decision = decide(
                    features: [1], state: Self.state, settings: settings, policy: policy, mask: nil,
                    explorationAllowed: true, seed: seed)
                #expect(decision.isExploration == (decision.role != greedy))
                #expect(decision.policyVersion == 3)
                #expect(decision.seed == seed)
            }
        }
        for seed in UInt64(0)..<200 {
            let cold = decide(
                features: [1], state: Self.state, settings: settings, policy: nil, mask: nil,
                explorationAllowed: true, seed: seed)
            #expect(!cold.isExploration)
            #expect(cold.policyVersion == 0)
            #expect(cold.values == nil)
        }
    }

    /// Proposition 1: activate iff Q1 >= Q0, the tie included. All numbers here are exact in binary.
    @Test func `a tie after cost activates`() {
        let settings = SwitcherSettings(cost: 0.25, explorationRate: 0)
        for (difference, role) in [(0.25, Role.deepthink), (0.2499, .quick)] {
            let decision = decide(
                features: [1], state: Self.state, settings: settings,
                policy: Self.policy(difference: difference, episodeCount: 500), mask: nil, explorationAllowed: true,
                seed: 4)
            #expect(decision.role == role)
        }
    }

    /// QUICK goes first, and again after DEEPTHINK: a certainty that is not about the last step says nothing.
    /// With a draft in hand nothing else says how sure QUICK is of this step.
    @Test func `the threshold looks at the draft where there is one`() {
        let settings = SwitcherSettings(kind: .threshold, parameter: -0.5)
        func role(draft mean: Double?) -> Role {
            let sure = LogProbabilities(minimum: 0, lowerQuartile: 0, median: 0, mean: 0)
            let certainty = mean.map { LogProbabilities(minimum: $0, lowerQuartile: $0, median: $0, mean: $0) }
            let draft = Generated(text: "x", stopReason: .paragraph, logProbabilities: certainty)
            let state = SwitcherState(
                question: "q", maxSteps: 4, lastRole: .quick, quickLogProbabilities: sure, draft: draft)
            return decide(
                features: [1], state: state, settings: settings, policy: nil, mask: nil, explorationAllowed: true,
                seed: 1
            ).role
        }
        #expect(role(draft: -0.75) == .deepthink)
        #expect(role(draft: -0.25) == .quick)
        #expect(role(draft: nil) == .quick)
    }

    @Test func `the threshold looks only at a last step by QUICK`() {
        let settings = SwitcherSettings(kind: .threshold, parameter: -0.5)
        func role(_ change: (inout SwitcherState) -> Void) -> Role {
            var state = Self.state
            change(&state)
            return decide(
                features: [], state: state, settings: settings, policy: nil, mask: nil, explorationAllowed: true,
                seed: 1
            ).role
        }
        #expect(role { _ in } == .deepthink)
        #expect(role { $0.lastRole = .deepthink } == .quick)
        #expect(role { $0.lastRole = nil } == .quick)
        #expect(role { $0.quickLogProbabilities = nil } == .quick)
    }

    /// A hold or fail queue must not stop a job for a draw of exploration.
    @Test func `a masked step misses DEEPTHINK only where the greedy choice is DEEPTHINK`() {
        let settings = SwitcherSettings(cost: 0.1, explorationRate: 1)
        for seed in UInt64(0)..<100 {
            func wants(_ policy: Policy?) -> Bool {
                wantsDeepthink(features: [1], state: Self.state, settings: settings, policy: policy, seed: seed)
            }
            #expect(wants(Self.policy(difference: 0.3, episodeCount: 500)))
            #expect(!wants(Self.policy(difference: 0.05, episodeCount: 500)))
            #expect(!wants(nil))
        }
    }

    /// SwiftSage's rules in their order, as the paper notes' section 6 has them.
    @Test func `SwiftSage's rules call DEEPTHINK first and when stuck, and never three times in a row`() {
        func role(_ change: (inout SwitcherState) -> Void) -> Role {
            var state = SwitcherState(question: "?", stepIndex: 3, maxSteps: 8, lastRole: .quick)
            change(&state)
            return decide(
                features: [], state: state, settings: SwitcherSettings(kind: .swiftSage), policy: nil, mask: nil,
                explorationAllowed: true, seed: 1
            ).role
        }
        #expect(role { _ in } == .quick)
        #expect(role { $0.stepIndex = 0 } == .deepthink)
        #expect(role { $0.emptySteps = 1 } == .quick)
        #expect(role { $0.emptySteps = 2 } == .deepthink)
        #expect(role { ($0.emptySteps, $0.deepthinkInARow) = (3, 1) } == .deepthink)
        #expect(role { ($0.emptySteps, $0.deepthinkInARow) = (4, 2) } == .quick)
    }

    /// A queue whose kind was changed must not act on the other kind's numbers.
    @Test func `a policy of another kind is not used`() {
        let decision = decide(
            features: [1], state: Self.state, settings: SwitcherSettings(kind: .random, parameter: 1),
            policy: Self.policy(difference: 0.3, episodeCount: 500), mask: nil, explorationAllowed: true, seed: 1)
        #expect(decision.values == nil)
        #expect(decision.policyVersion == 0)
    }
}
