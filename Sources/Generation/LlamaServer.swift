package import Domain
import Processes

/// A llama-server process of our own: checked, started, watched, and started again when it dies or hangs.
package final class LlamaServer: Engine {
    package let configuration: EngineConfiguration
    private let core: EngineCore
    private let launcher: LlamaLauncher
    private let memory: MemoryGate
    private let time: MonotonicTime
    private let policy: RestartPolicy
    private let log: @Sendable (String) -> Void

    init(
        _ configuration: EngineConfiguration, engine: LocalEngine, memory: MemoryGate, time: MonotonicTime,
        policy: RestartPolicy, log: @escaping @Sendable (String) -> Void
    ) {
        self.configuration = configuration
        self.memory = memory
        self.time = time
        self.policy = policy
        self.log = log
        core = EngineCore(role: configuration.role)
        launcher = LlamaLauncher(
            role: configuration.role, engine: engine, memory: memory, time: time, policy: policy, log: log)
    }

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

    package var warning: String? { core.warning }

    package func complaint(about messages: [Message]) -> String? { core.complaint(about: messages) }

    package func run() async {
        core.beginRun()
        var failures = 0
        while !Task.isCancelled {
            if failures > 0 { core.disconnect(.starting) }
            let error: GenerationError
            do {
                let server = try await launcher.launch()
                await memory.loaded(configuration.role)
                let connection = EngineCore.Connection(
                    client: server.client, context: server.properties.settings.context,
                    trainedContext: server.model.trainedContext, bound: server.model.promptBound,
                    warning: server.warning)
                core.connect(connection, identity: server.model.identity, device: server.device)
                let readyAt = time.now()
                error = await watch(server, connection.hangs)
                // One job's request may end server after server: the others must not wait longer each time.
                if core.hasAnswered || time.now() - readyAt >= policy.stableAfter { failures = 0 }
            } catch let launchError {
                error = launchError
            }
            await memory.ended(configuration.role)
            if Task.isCancelled { break }
            failures += 1
            core.disconnect(.unavailable(error))
            do {
                try await time.sleep(policy.pause(after: error, failures: failures))
            } catch {
                // Only cancellation ends a sleep early, and it ends the loop.
                break
            }
        }
        core.disconnect(.stopped)
    }

    /// Suspends until the server has ended, and returns why. Ends it when it hangs or the task is cancelled.
    private func watch(_ server: LlamaLauncher.Server, _ hangs: HangNotice) async -> GenerationError {
        await withTaskGroup(of: GenerationError?.self) { group in
            let (child, progress) = (server.child, server.client.progress)
            let (role, policy, time) = (configuration.role, policy, time)
            group.addTask {
                let exit = await child.exit()
                return .unavailable(role: role, reason: "llama-server ended with \(exit)")
            }
            group.addTask {
                do {
                    while progress.stalled(now: time.now()) < policy.hangLimit {
                        try await time.sleep(policy.hangPause)
                    }
                } catch {
                    // Cancelled: either the server has ended, or it is to be ended.
                    await child.terminate(graceMilliseconds: policy.graceMilliseconds)
                    return nil
                }
                await child.terminate(graceMilliseconds: policy.graceMilliseconds)
                return .hung(role: role, seconds: Int(policy.hangLimit.components.seconds))
            }
            group.addTask {
                guard let hang = await hangs.next() else { return nil }
                await child.terminate(graceMilliseconds: policy.graceMilliseconds)
                return hang
            }
            var reason: GenerationError?
            for await end in group {
                // A hang ends the process, so whichever comes second, the hang is the reason.
                if case .hung = end { reason = end }
                reason = reason ?? end
                group.cancelAll()
            }
            return reason ?? .unavailable(role: role, reason: "llama-server was ended")
        }
    }
}
