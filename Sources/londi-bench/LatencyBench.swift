import Control
import Daemon
import Domain

/// From submitting to a londid that has nothing to do, over its socket, to the start of the job.
struct LatencyBench {
    let options: BenchOptions

    func run(_ report: inout Report) async throws {
        guard let socket = options.socket else { throw BenchError(description: "latency needs --socket PATH") }
        let client = try ControlClient.connect(path: socket)
        let queue = try QueueName("bench-latency")
        _ = try await client.call(CreateQueue.self, .init(name: queue, settings: QueueSettings()))
        let clock = WallClock()
        var times: [Duration] = []
        let specification = JobSpecification(messages: [Message(role: "user", content: "Say yes.")], maxSteps: 1)
        for _ in 0..<(options.jobCount > 0 ? options.jobCount : 100) {
            let submitted = clock.now()
            let job = try await client.call(
                SubmitJob.self, .init(queue: queue, specification: specification)
            ).job
            _ = try await client.call(Wait.self, .init(job: job))
            let shown = try await client.call(ShowJob.self, .init(job: job))
            guard let started = shown.job.startedAt else { throw BenchError(description: "job \(job) never started") }
            times.append(.milliseconds(started.milliseconds - submitted.milliseconds))
        }
        let distribution = Distribution(times)
        report.note("each job is submitted when the one before has ended; the store's instants are whole milliseconds")
        report.add("submit to start, idle, p50", milliseconds(distribution.at(0.5)), "ms")
        report.add("submit to start, idle, p99", milliseconds(distribution.at(0.99)), "ms")
    }
}
