import Domain
import Switching

/// Jobs of the simulated family under a learner whose versions are tried before they come in force, as londid does it.
struct EvaluationHistory {
    private(set) var episodes: [TrainingEpisode] = []
    private(set) var policy: Policy?
    private(set) var verdicts: [PolicyVerdict] = []
    /// Without it every version comes in force.
    var isGated = true
    let settings: SwitcherSettings
    private let jobs: SimulatedJobs
    private let encoder = HashedEncoder()
    private let seed: UInt64
    private var generator: SplitMix64

    init(
        _ jobs: SimulatedJobs = .fourSteps, seed: UInt64, explorationRate: Double = SwitcherSettings().explorationRate
    ) {
        self.jobs = jobs
        self.seed = seed
        settings = SwitcherSettings(cost: jobs.cost, explorationRate: explorationRate)
        generator = SplitMix64(seed: seed)
    }

    /// Runs so many jobs and refits after each 25.
    /// - Parameter report: what is said of a job that was worth a reward.
    mutating func run(_ count: Int, report: (Double) -> Double = { $0 }) throws {
        for _ in 0..<count {
            let job = episodes.count + 1
            var run = jobs.run(&generator) { state, features in
                decide(
                    features: features, state: state, settings: settings, policy: policy, mask: nil,
                    explorationAllowed: true,
                    seed: decisionSeed(job: JobID(Int64(job)), episode: Int64(seed), step: state.stepIndex))
            }
            run.episode.steps[run.episode.steps.count - 1].reward = report(run.reward)
            episodes.append(run.episode)
            if job.isMultiple(of: 25) { try refit() }
        }
    }

    private mutating func refit() throws {
        let candidate = try learn(from: episodes)
        guard isGated, let incumbent = policy, episodes.count >= PolicyTrial.fewestEpisodes else {
            policy = candidate
            return
        }
        let verdict = try trial(of: .learnt(through: episodes.count), against: incumbent).verdict
        verdicts.append(verdict)
        if verdict == .passed { policy = candidate }
    }

    /// A policy of any episodes of the family.
    func learn(from episodes: [TrainingEpisode]) throws -> Policy {
        Policy(
            kind: .fittedQ, version: Int64(episodes.count), encoderIdentity: encoder.identity, pairKey: "a+b",
            body: try FittedQ().learn(from: episodes, settings: settings, featureCount: encoder.featureCount),
            episodeCount: episodes.count, throughOutcome: Int64(episodes.count))
    }

    /// The trial of a candidate on the history so far.
    func trial(of candidate: PolicyTrial.Contestant, against incumbent: Policy) throws -> PolicyTrial {
        guard
            let trial = try PolicyTrial(
                episodes, candidate: candidate, incumbent: .learnt(through: incumbent.episodeCount),
                learner: FittedQ(), settings: settings, featureCount: encoder.featureCount)
        else { throw NoTrial() }
        return trial
    }

    /// The mean net reward of 400 held-out jobs under the policy in force.
    func value(explorationRate: Double = 0) -> Double {
        var generator = SplitMix64(seed: seed + 1000)
        var sum = 0.0
        var acting = settings
        acting.explorationRate = explorationRate
        for job in 1...400 {
            let run = jobs.run(&generator) { state, features in
                decide(
                    features: features, state: state, settings: acting, policy: policy, mask: nil,
                    explorationAllowed: true,
                    seed: decisionSeed(job: JobID(Int64(job)), episode: 0, step: state.stepIndex))
            }
            sum += run.reward - settings.cost * Double(run.calls)
        }
        return sum / 400
    }

    private struct NoTrial: Error {}
}

/// Jobs of one kind, to be run one after the other.
struct SimulatedJobs: Sendable {
    typealias Choose = (SwitcherState, [Float]) -> Decision
    typealias Run = (episode: TrainingEpisode, calls: Int, reward: Double)

    /// Of a call, in units of reward.
    let cost: Double
    let run: @Sendable (inout SplitMix64, Choose) -> Run

    static let fourSteps = SimulatedJobs(cost: SwitcherSettings().cost) { generator, choose in
        JobFamily.run(JobFamily.question(using: &generator), using: &generator, choose: choose)
    }

    /// Jobs of 24 steps, each of which shows whether it is hard; the reward is the share of the steps that were right.
    static let manySteps = SimulatedJobs(cost: 0.005) { generator, choose in
        let count = 24
        var (rightCount, isHard) = (0, false)
        var steps = JobFamily.steps(count, of: "walk through the house", maxSteps: count, choose: choose) { role in
            if generator.nextUniform() < (isHard && role == .quick ? 0.5 : 0.98) { rightCount += 1 }
            isHard = generator.nextUniform() < 0.4
            let words = (0..<4).map { _ in JobFamily.word(isHard: false, using: &generator) }
            let sight = (words + [JobFamily.word(isHard: isHard, using: &generator)]).joined(separator: " ")
            return Generated(text: sight, stopReason: .paragraph)
        }
        let reward = Double(rightCount) / Double(count)
        steps[count - 1].reward = reward
        return (TrainingEpisode(steps: steps), steps.count { $0.role == .deepthink }, reward)
    }
}
