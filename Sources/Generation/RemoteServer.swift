package import Domain

/// A llama-server that someone else runs, by URL or Unix socket. Only its health is watched.
package final class RemoteServer: Engine {
    package let configuration: EngineConfiguration
    private let core: EngineCore
    private let client: LlamaClient
    private let url: String
    private let time: MonotonicTime
    private let policy: RestartPolicy
    private let log: @Sendable (String) -> Void

    init(
        _ configuration: EngineConfiguration, url: String, time: MonotonicTime, policy: RestartPolicy,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.url = url
        self.time = time
        self.policy = policy
        self.log = log
        core = EngineCore(role: configuration.role)
        client = LlamaClient(role: configuration.role, endpoint: HTTPEndpoint(parsing: url), time: time)
    }

    /// The file name that the server's `/props` gives its model: nothing else about a remote model is known.
    package var identity: String { get async { await core.identity } }

    package func states() -> AsyncStream<EngineState> { core.board.states() }

    package func prepare(_ transcript: Transcript) async throws(GenerationError) -> PreparedPrompt {
        try await core.prepare(transcript)
    }

    package func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling
    ) async throws(GenerationError) -> Generated {
        try await core.generate(prompt, limits: limits, sampling: sampling)
    }

    package func embed(_ text: String) async throws(GenerationError) -> [Float]? { try await core.embed(text) }

    package func run() async {
        core.beginRun()
        var failures = 0
        var isConnected = false
        while !Task.isCancelled {
            var pause = policy.hangPause
            do {
                guard try await client.isHealthy() else {
                    throw GenerationError.unavailable(role: configuration.role, reason: "\(url) is loading its model")
                }
                if !isConnected {
                    let properties = try await client.properties()
                    try await client.checkFitness()
                    core.connect(
                        client, context: properties.settings.context, identity: baseName(properties.modelPath),
                        device: url)
                    log("connected to \(url), which serves \(properties.modelPath)")
                    isConnected = true
                }
                failures = 0
            } catch let error as GenerationError {
                if Task.isCancelled { break }
                failures += 1
                isConnected = false
                core.disconnect(.unavailable(error))
                pause = policy.pause(after: error, failures: failures)
            } catch {
                preconditionFailure("the client throws nothing else: \(error)")
            }
            do {
                try await time.sleep(pause)
            } catch {
                // Only cancellation ends a sleep early, and it ends the loop.
                break
            }
        }
        core.disconnect(.stopped)
    }
}
