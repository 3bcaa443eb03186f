import Control
import Domain
import Glibc

/// A figure's queues in a running londid: one that learns, and one for each arm.
struct PaperQueues {
    private static let learningPatience = Duration.seconds(300)
    /// While it learns half of all choices are drawn evenly: what was never tried in a state cannot be known of it.
    private static let explorationRate = 0.5

    let client: ControlClient
    let figure: PaperFigure

    private func name(_ text: String) throws -> QueueName {
        try QueueName("figure-\(figure.number)-" + text.replacing(" ", with: "-").replacing("--", with: "-"))
    }

    private func settings(_ switcher: SwitcherSettings, _ observe: Observe) -> QueueSettings {
        QueueSettings(
            observe: observe, switcher: switcher, maxSteps: figure.maxSteps, stepTokens: figure.stepTokens)
    }

    /// Has a new queue learn online, in stretches of `stretch` jobs.
    func learn(from count: Int, cost: Double, stretch: Int) async throws -> [PaperSample] {
        let queue = try name("learning")
        let arm = PaperArm(kind: .fittedQ, setting: cost)
        let switcher = SwitcherSettings(
            kind: arm.kind, cost: cost, explorationRate: Self.explorationRate, explorationShare: 1)
        _ = try await client.call(
            CreateQueue.self, .init(name: queue, settings: settings(switcher, arm.observe)))
        var samples: [PaperSample] = []
        for first in stride(from: 0, to: count, by: stretch) {
            let seeds = (first..<min(first + stretch, count)).map { figure.trainingSeeds + Int64($0) }
            samples.append(try await run(seeds, in: queue))
        }
        return samples
    }

    /// Has a baseline meet the measured episodes.
    func measure(_ arm: PaperArm, episodes: Int) async throws -> PaperSample {
        let queue = try name(arm.name)
        _ = try await client.call(CreateQueue.self, .init(name: queue, settings: settings(arm.switcher, arm.observe)))
        return try await run(measured(episodes), in: queue)
    }

    /// What the learning queue's history teaches a learner at a price, frozen in a queue of its own, which meets the measured
    /// episodes.
    func measureLearnt(_ arm: PaperArm, episodes: Int) async throws -> PaperSample {
        let learning = try name("learning")
        let before = try await newestVersion(of: learning)
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
        let policy = try await client.call(ExportPolicy.self, .init(queue: learning, version: version))
        let queue = try name(arm.name)
        _ = try await client.call(CreateQueue.self, .init(name: queue, settings: settings(arm.switcher, arm.observe)))
        _ = try await client.call(ImportPolicy.self, .init(queue: queue, data: policy.data, force: true))
        _ = try await client.call(FreezePolicy.self, .init(queue: queue))
        return try await run(measured(episodes), in: queue)
    }

    private func measured(_ count: Int) -> [Int64] { (0..<count).map { figure.measuredSeeds + Int64($0) } }

    private func newestVersion(of queue: QueueName) async throws -> Int64 {
        let reply = try await client.call(ListPolicyVersions.self, .init(queue: queue, limit: 1))
        return reply.versions.first?.version ?? 0
    }

    private func run(_ seeds: [Int64], in queue: QueueName) async throws -> PaperSample {
        var jobs: [JobID] = []
        for seed in seeds {
            let submitted = try await client.call(
                SubmitJob.self, .init(queue: queue, specification: figure.specification(seed: seed)))
            jobs.append(submitted.job)
        }
        _ = try await client.call(Wait.self, .init(queue: queue))
        var episodes: [PaperSample.Episode] = []
        for job in jobs { episodes.append(try .init(try await client.call(ShowJob.self, .init(job: job)))) }
        return PaperSample(episodes: episodes)
    }
}
