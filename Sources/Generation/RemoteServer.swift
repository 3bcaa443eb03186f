package import Domain

/// A server that someone else runs, by URL or Unix socket: a llama-server, its router, or one that serves completions as
/// vLLM does. Only its health is watched.
package final class RemoteServer: Engine {
    package let configuration: EngineConfiguration
    private let core: EngineCore
    private let address: ServerAddress
    private let time: MonotonicTime
    private let policy: RestartPolicy
    private let log: @Sendable (String) -> Void

    init(
        _ configuration: EngineConfiguration, address: ServerAddress, time: MonotonicTime, policy: RestartPolicy,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.address = address
        self.time = time
        self.policy = policy
        self.log = log
        core = EngineCore(role: configuration.role)
    }

    /// The file name that the server gives its model, or what else it calls it: nothing more about a remote model is known.
    package var identity: String { get async { await core.identity } }

    package func states() -> AsyncStream<EngineState> { core.board.states() }

    package func prepare(_ transcript: Transcript) async throws(GenerationError) -> PreparedPrompt {
        try await core.prepare(transcript)
    }

    package func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling, onText: @escaping @Sendable (String) -> Void
    ) async throws(GenerationError) -> Generated {
        try await core.generate(prompt, limits: limits, sampling: sampling, onText: onText)
    }

    package func embed(_ text: String) async throws(GenerationError) -> [Float]? { try await core.embed(text) }

    package func complaint(about messages: [Message]) -> String? { core.complaint(about: messages) }

    package func run() async {
        core.beginRun()
        var failures = 0
        var connected: LlamaClient?
        while !Task.isCancelled {
            var pause = policy.hangPause
            do {
                if let client = connected {
                    try await expectHealth(of: client)
                } else {
                    let (connection, name) = try await connect()
                    core.connect(connection, identity: baseName(name), device: address.url)
                    log("connected to \(address.url), which serves \(name)")
                    connected = connection.client
                }
                failures = 0
            } catch {
                if Task.isCancelled { break }
                failures += 1
                connected = nil
                core.disconnect(.unavailable(error))
                pause = policy.pause(after: error, failures: failures)
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

    private func expectHealth(of client: LlamaClient) async throws(GenerationError) {
        guard try await client.isHealthy() else {
            throw .unavailable(role: configuration.role, reason: "\(address.url) is loading its model")
        }
    }

    /// Finds out what kind of server it is and whether it can do what its role needs.
    private func connect() async throws(GenerationError) -> (EngineCore.Connection, name: String) {
        let access = HTTPAccess(
            authorities: address.authoritiesPath, key: try key(), silenceSeconds: address.silenceSeconds)
        func client(_ dialect: ServerDialect, model: String?) -> LlamaClient {
            LlamaClient(
                role: configuration.role, dialect: dialect, endpoint: HTTPEndpoint(parsing: address.url),
                access: access,
                model: model, time: time, requestLimit: policy.requestLimit)
        }
        let llama = client(.llama, model: address.model)
        try await expectHealth(of: llama)
        do throws(GenerationError) {
            let properties = try await llama.properties()
            guard properties.settings.context > 0 else {
                throw .unfit(
                    role: configuration.role,
                    reason: "it is a router: name one of its models by ModelName= "
                        + "(\(try await llama.modelNames().joined(separator: ", ")))")
            }
            try await llama.checkFitness()
            return (
                .init(client: llama, context: properties.settings.context, bound: .anyTokenizer), properties.modelPath
            )
        } catch .http(_, 404, _) {
            let (name, context) = try await llama.servedModel()
            guard let context else {
                throw .unfit(
                    role: configuration.role,
                    reason:
                        "it has no /props, and its /v1/models tells no max_model_len: it is neither a llama-server nor vLLM"
                )
            }
            let completions = client(.completions(context: context), model: name)
            try await completions.checkFitness()
            return (.init(client: completions, context: context, bound: .anyTokenizer), name)
        }
    }

    private func key() throws(GenerationError) -> APIKey? {
        guard let path = address.keyPath else { return nil }
        do {
            return try APIKey(path: path)
        } catch {
            throw .keyUnreadable(role: configuration.role, path: path, reason: error.reason)
        }
    }
}
