import Control
import Domain
import Glibc

/// A figure's queues in a running londid: one that learns, and one for each arm.
struct PaperQueues {
    private static let learningPatience = Duration.seconds(300)
    /// While it learns half of all choices are drawn evenly: what was never tried in a state cannot be known of it.
    private static let explorationRate = 0.5

    /// A job before it is submitted.
    private struct Episode {
        let specification: JobSpecification
        let budget: Int?
    }

    let client: ControlClient
    let figure: PaperFigure

    private func name(_ text: String) throws -> QueueName {
        let words = text.replacing(",", with: "").replacing(" ", with: "-").replacing("--", with: "-")
        return try QueueName("figure-\(figure.number)-\(words)")
    }

    private func settings(_ switcher: SwitcherSettings, _ observe: Observe) -> QueueSettings {
        QueueSettings(
            observe: observe, switcher: switcher, maxSteps: figure.maxSteps, stepTokens: figure.stepTokens)
    }

    private var learner: PaperArm { PaperArm(kind: .fittedQ, setting: figure.learningCost) }

    /// Has a new queue learn online, in stretches of `stretch` jobs; where there are budgets their jobs have one after the other.
    func learn(from count: Int, stretch: Int) async throws -> [PaperSample] {
        let queue = try name("learning")
        let arm = learner
        let switcher = SwitcherSettings(
            kind: arm.kind, cost: figure.learningCost, explorationRate: Self.explorationRate, explorationShare: 1)
        _ = try await client.call(
            CreateQueue.self, .init(name: queue, settings: settings(switcher, arm.observe)))
        var samples: [PaperSample] = []
        for first in stride(from: 0, to: count, by: stretch) {
            let jobs = (first..<min(first + stretch, count)).map { number in
                Episode(
                    specification: figure.specification(
                        seed: figure.trainingSeeds + Int64(number), with: figure.trainingOptions),
                    budget: figure.budgets.isEmpty ? nil : figure.budgets[number % figure.budgets.count])
            }
            samples.append(try await run(jobs, in: queue))
        }
        return samples
    }

    /// Has a baseline meet the measured episodes.
    func measure(_ arm: PaperArm, episodes: Int) async throws -> PaperSample {
        let queue = try name(arm.name)
        _ = try await client.call(CreateQueue.self, .init(name: queue, settings: settings(arm.switcher, arm.observe)))
        return try await run(measured(episodes, arm), in: queue)
    }

    /// What the learning queue's history teaches a learner at a price, frozen in a queue of its own, which meets the measured
    /// episodes.
    func measureLearnt(_ arm: PaperArm, episodes: Int) async throws -> PaperSample {
        let learning = try name("learning")
        let version = try await learnAnew(arm, in: learning)
        let policy = try await client.call(ExportPolicy.self, .init(queue: learning, version: version))
        let queue = try name(arm.name)
        _ = try await client.call(CreateQueue.self, .init(name: queue, settings: settings(arm.switcher, arm.observe)))
        _ = try await client.call(ImportPolicy.self, .init(queue: queue, data: policy.data, force: true))
        _ = try await client.call(FreezePolicy.self, .init(queue: queue))
        return try await run(measured(episodes, arm), in: queue)
    }

    /// The version that the learning queue's history comes to as this arm.
    private func learnAnew(_ arm: PaperArm, in learning: QueueName) async throws -> Int64 {
        let before = try await newestVersion(of: learning)
        // With budgets every arm is the learner itself.
        guard figure.budgets.isEmpty else { return before }
        _ = try await client.call(
            SetQueue.self, .init(name: learning, changes: QueueChanges(switcherKind: arm.kind, cost: arm.setting)))
        let began = ContinuousClock.now
        var version = before
        while version == before {
            guard ContinuousClock.now - began < Self.learningPatience else {
                throw BenchError(description: "\(learning) did not learn anew as \(arm.name)")
            }
            usleep(200_000)
            version = try await newestVersion(of: learning)
        }
        return version
    }

    private func measured(_ count: Int, _ arm: PaperArm) -> [Episode] {
        (0..<count).map { number in
            Episode(
                specification: figure.specification(
                    seed: figure.measuredSeeds + Int64(number), with: figure.measuredOptions), budget: arm.budget)
        }
    }

    private func newestVersion(of queue: QueueName) async throws -> Int64 {
        let reply = try await client.call(ListPolicyVersions.self, .init(queue: queue, limit: 1))
        return reply.versions.first?.version ?? 0
    }

    private func run(_ episodes: [Episode], in queue: QueueName) async throws -> PaperSample {
        let before = try await StepMetrics(of: client)
        var jobs: [JobID] = []
        for episode in episodes {
            let submitted = try await client.call(
                SubmitJob.self,
                .init(queue: queue, specification: episode.specification, deepthinkCalls: episode.budget))
            jobs.append(submitted.job)
        }
        _ = try await client.call(Wait.self, .init(queue: queue))
        let waits = try await StepMetrics(of: client).since(before)
        var ended: [PaperSample.Episode] = []
        for job in jobs { ended.append(try .init(try await client.call(ExplainJob.self, .init(job: job)))) }
        return PaperSample(episodes: ended, waits: waits)
    }
}
