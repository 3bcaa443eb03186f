import Domain
import Switching
import Testing

/// Learning as the daemon does it: decide with the newest policy, close the episode, refit.
@Suite struct OnlineLearningTests {
    /// The product's claim in small: after 300 jobs with a few hard words in their questions, what was learnt beats
    /// QUICK alone and chance at the same number of calls, on questions not seen before.
    @Test(.timeLimit(.minutes(2)))
    func `after 300 jobs the policy beats QUICK alone and chance at equal calls`() throws {
        var advantage = 0.0
        for seed in UInt64(1)...4 {
            let policy = try learn(jobs: 300, seed: seed)
            let learnt = run(SwitcherSettings(explorationRate: 0), policy: policy, seed: seed)
            let quick = run(SwitcherSettings(kind: .alwaysQuick), policy: nil, seed: seed)
            let rate = learnt.calls / Double(JobFamily.stepCount)
            let chance = run(SwitcherSettings(kind: .random, parameter: rate), policy: nil, seed: seed)
            let cost = SwitcherSettings().cost
            #expect(learnt.reward - cost * learnt.calls > quick.reward + 0.1, "seed \(seed): \(learnt) and \(quick)")
            #expect(learnt.calls < Double(JobFamily.stepCount) * 0.9, "seed \(seed) calls nearly always: \(learnt)")
            #expect(learnt.reward > chance.reward, "seed \(seed): \(learnt) and \(chance)")
            advantage += (learnt.reward - chance.reward) / 4
        }
        #expect(advantage > 0.06, "mean advantage over chance \(advantage)")
    }

    /// Paper notes, section 4: certainty equivalence needs 163 jobs (median) and 433 (p90) until the chain's set is
    /// exact and stays so for 200 jobs; the default learner must not need more.
    @Test(.timeLimit(.minutes(2)))
    func `the set of the chain is exact after no more jobs than certainty equivalence needs`() throws {
        let jobs = try (UInt64(1)...20).map { try jobsUntilExact(seed: $0) }.sorted()
        #expect(jobs[9] <= 163, "jobs needed: \(jobs)")
        #expect(jobs[17] <= 433, "jobs needed: \(jobs)")
    }

    /// A policy replayed from the ledger must be the same policy.
    @Test func `the same episodes give the same bits`() throws {
        let first = try learn(jobs: 60, seed: 5)
        let second = try learn(jobs: 60, seed: 5)
        #expect(first.bytes == second.bytes)
        #expect(try learn(jobs: 60, seed: 6).bytes != first.bytes)
    }

    /// Cold start: were QUICK alone chosen until DEEPTHINK is known to be better, it would never be known.
    @Test func `both roles are tried in the first twenty jobs, within a modest share of calls`() throws {
        for seed in UInt64(1)...20 {
            var generator = SplitMix64(seed: seed)
            var counts = (quick: 0, deepthink: 0)
            for job in 1...20 {
                let question = JobFamily.question(using: &generator)
                let run = JobFamily.run(question, using: &generator) { state, features in
                    choose(state, features, policy: nil, job: job, seed: seed)
                }
                counts.deepthink += run.calls
                counts.quick += JobFamily.stepCount - run.calls
            }
            #expect(counts.quick >= 40 && (8...40).contains(counts.deepthink), "seed \(seed): \(counts)")
        }
    }

    private func choose(
        _ state: SwitcherState, _ features: [Float], policy: Policy?, job: Int, seed: UInt64
    ) -> Decision {
        decide(
            features: features, state: state, settings: SwitcherSettings(), policy: policy, mask: nil,
            explorationAllowed: true,
            seed: decisionSeed(job: JobID(Int64(job)), episode: Int64(seed), step: state.stepIndex))
    }

    private func learn(jobs: Int, seed: UInt64) throws -> Policy {
        let encoder = HashedEncoder()
        var generator = SplitMix64(seed: seed)
        var episodes: [TrainingEpisode] = []
        var policy: Policy?
        for job in 1...jobs {
            let question = JobFamily.question(using: &generator)
            episodes.append(
                JobFamily.run(question, using: &generator) { state, features in
                    choose(state, features, policy: policy, job: job, seed: seed)
                }.episode)
            if !job.isMultiple(of: 20) { continue }
            policy = Policy(
                kind: .fittedQ, version: Int64(job / 20), encoderIdentity: encoder.identity, pairKey: "a+b",
                body: try FittedQ().learn(
                    from: episodes, settings: SwitcherSettings(), featureCount: encoder.featureCount),
                episodeCount: job, throughOutcome: Int64(job))
        }
        return try #require(policy)
    }

    /// Mean reward and calls of 400 held-out jobs.
    private func run(_ settings: SwitcherSettings, policy: Policy?, seed: UInt64) -> (reward: Double, calls: Double) {
        var generator = SplitMix64(seed: seed + 1000)
        var sum = (reward: 0.0, calls: 0.0)
        for job in 1...400 {
            let question = JobFamily.question(using: &generator)
            let run = JobFamily.run(question, using: &generator) { state, features in
                decide(
                    features: features, state: state, settings: settings, policy: policy, mask: nil,
                    explorationAllowed: false,
                    seed: decisionSeed(job: JobID(Int64(job)), episode: 0, step: state.stepIndex))
            }
            sum.reward += run.reward / 400
            sum.calls += Double(run.calls) / 400
        }
        return sum
    }

    private func jobsUntilExact(seed: UInt64) throws -> Int {
        let chain = ChainSimulation.fixture
        let settings = SwitcherSettings(cost: 0.15, explorationRate: 0.2)
        var generator = SplitMix64(seed: seed)
        var episodes: [TrainingEpisode] = []
        var policy: Policy?
        var exactSince: Int?
        for job in 1...1500 {
            episodes.append(
                chain.episode(using: &generator) { state, seed in
                    decide(
                        features: chain.features(state), state: SwitcherState(question: "", maxSteps: 8),
                        settings: settings, policy: policy, mask: nil, explorationAllowed: true, seed: seed
                    ).role
                })
            let refitted = try learntPolicy(episodes, cost: 0.15, featureCount: chain.stateCount)
            policy = refitted
            guard chain.activated(refitted, cost: 0.15) == [2, 4, 5, 6] else {
                exactSince = nil
                continue
            }
            if job - (exactSince ?? job) >= 200 { break }
            exactSince = exactSince ?? job
        }
        return exactSince ?? .max
    }
}
