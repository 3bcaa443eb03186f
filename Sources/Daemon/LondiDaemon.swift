package import Control
import Domain
import Environments
import Episodes
import Generation
import Glibc
import Storage
import Switching

/// londid: one state directory, two engines, the workers, the learner and the control socket, from start to stop.
package final class LondiDaemon: Sendable {
    package static let version = "0.1.0"
    /// What ending takes beyond the drain: engines that are slow to end, and the last checkpoint.
    private static let endSeconds = 30
    /// How often an idle londid looks whether its state is where it was.
    private static let stateLook = Duration.seconds(2)
    /// How long an environment's process may lie idle before it is ended.
    private static let environmentPatience = Duration.seconds(600)

    /// As it was at the start; what a reload can change is read from `live`.
    private let configuration: Configuration
    private let live: LiveConfiguration
    private let judge: Judge
    private let isUserMode: Bool
    private let environment: [String: String]
    private let serviceManager: ServiceManager
    private let log: Log
    /// The control socket, where the service manager opened it.
    private let inheritedListener: SocketListener?
    /// In place of those that the configuration describes.
    private let engines: [EngineRole: any Engine]?
    /// What stands between the socket and the methods.
    private let guarding: @Sendable (any ControlHandler) -> any ControlHandler
    private let clock = WallClock()
    private let board: ChangeBoard
    private let shutdown: Shutdown

    /// - Parameter environment: londid's own: `PATH` to look for llama-server in, and what the drivers of GPUs read.
    package convenience init(
        configuration: LiveConfiguration, isUserMode: Bool, environment: [String: String],
        serviceManager: ServiceManager, inheritedListener: SocketListener?, log: Log
    ) {
        self.init(
            configuration: configuration, isUserMode: isUserMode, environment: environment,
            serviceManager: serviceManager, inheritedListener: inheritedListener, log: log, engines: nil)
    }

    /// - Parameters:
    ///   - engines: one for each role, for tests that need answers and no models.
    ///   - guarding: for tests that call as somebody else than who runs them.
    init(
        configuration: LiveConfiguration, isUserMode: Bool, environment: [String: String],
        serviceManager: ServiceManager, inheritedListener: SocketListener?, log: Log,
        engines: [EngineRole: any Engine]?,
        guarding: @escaping @Sendable (any ControlHandler) -> any ControlHandler = { $0 }
    ) {
        self.engines = engines
        self.guarding = guarding
        live = configuration
        self.configuration = configuration.current
        judge = Judge(commands: self.configuration.verifiers, program: self.configuration.judgeProgram)
        self.inheritedListener = inheritedListener
        self.isUserMode = isUserMode
        self.environment = environment
        self.serviceManager = serviceManager
        self.log = log
        board = ChangeBoard()
        shutdown = Shutdown(board: board)
    }

    /// Lets running steps end and stops; called again it cuts them off.
    package func stop() {
        switch shutdown.phase {
        case .running:
            let seconds = live.current.drainSeconds
            log.tell(.stopping, .notice, "stopping: running steps may take \(seconds) s more")
            serviceManager.notifyStopping(withinSeconds: seconds + Self.endSeconds)
            shutdown.advance(to: .draining)
        case .draining, .aborting: shutdown.advance(to: .aborting)
        }
    }

    /// Reads londid.conf again; the log says what came of it.
    package func reload() {
        do throws(ConfigurationError) { _ = try reloading.reload() } catch {
            // The log has it, and everything is as before.
        }
    }

    private var reloading: Reloading { Reloading(configuration: live, judge: judge, log: log) }

    /// Runs until `stop`. Returns the exit status.
    package func run() async -> Int32 {
        do {
            try Host.makeDirectory(configuration.stateDirectory, mode: 0o700)
            try Host.makeDirectory(configuration.runtimeDirectory, mode: isUserMode ? 0o700 : 0o755)
            try Host.makeDirectory(configuration.engineDirectory, mode: 0o700)
            // Recovery, and the copy that is made before a migration, may take their time.
            let store = try await ServiceReport.extendingStart(serviceManager) {
                try Store(directory: configuration.stateDirectory, now: clock.now())
            }
            report(store.recovery, epoch: store.epoch)
            for case let warning? in [configuration.trustWarning, configuration.kernelWarning()] {
                log.warning(warning)
            }
            do {
                try await serve(store)
                try await moveLog(of: store)
            } catch let error as StorageError {
                if case .moved = error {
                    let rescue = await store.rescue()
                    log.error(rescue.text)
                }
                throw error
            }
            log.notice("stopped")
            return 0
        } catch let error as GenerationError {
            log.error("the start is given up: \(error)")
            return Launch.configurationStatus
        } catch {
            log.error("\(error)")
            return 1
        }
    }

    /// Nothing is lost where there is no room for it: the next start reads the log.
    private func moveLog(of store: Store) async throws {
        do {
            try await store.checkpoint()
        } catch {
            guard error.isPassing else { throw error }
            log.warning("the write-ahead log stays for the next start: \(error)")
        }
    }

    private func report(_ recovery: RecoveryReport, epoch: Epoch) {
        log.notice("londid \(Self.version), epoch \(epoch), state in \(configuration.stateDirectory)")
        guard recovery.requeuedJobs + recovery.abandonedSteps + recovery.abandonedBatches > 0 else { return }
        log.tell(
            .recovered, .notice,
            "recovered: \(recovery.requeuedJobs) jobs go on, \(recovery.abandonedSteps) steps were cut off,"
                + " \(recovery.settledReservations) of them charged at their worst case,"
                + " \(recovery.abandonedBatches) unfinished submissions dropped")
    }

    /// Everything that runs side by side, from the first connection to the last settled job.
    private func serve(_ store: Store) async throws {
        let reader = try store.makeReader()
        let environments = EnvironmentPool(configuration.environments, limit: configuration.workers)
        let writings = WritingBoard()
        let policies = PolicyBook()
        let pacing = PacingBook(reader: reader, log: log)
        let pair = EnginePair(engines: engines ?? makeEngines(), configuration: configuration, board: board, log: log)
        let texts: any TextEncoding =
            configuration.encoder == nil ? HashedTexts() : EmbeddedTexts(pair.counted(.encoder))
        let learner = LearnerLoop(
            store: store, reader: reader, policies: policies, texts: texts, pairKey: { await pair.pairKey($0) },
            clock: clock, shutdown: shutdown, log: log)
        let times = StepTimes()
        let runner = EpisodeRunner(
            quick: roleModel(.quick, pair), deepthink: roleModel(.deepthink, pair), texts: texts, judge: judge,
            environments: environments, times: times, stepMilliseconds: configuration.stepSeconds * 1000)
        let workers = JobWorkers(
            environment: .init(
                store: store, texts: texts, runner: runner, policies: policies, pacing: pacing, learner: learner,
                pair: pair, clock: clock, board: board, writings: writings, shutdown: shutdown, log: log),
            limit: configuration.workers)
        let retention = RetentionLoop(store: store, reader: reader, clock: clock, jobs: board, log: log)
        let intake = BatchIntake(store: store, judge: judge, environments: environments, clock: clock) {
            pair.complaint(about: $0)
        }
        let overviews = try store.makeReader()
        let service = ControlService(
            store: store, reader: reader, overviews: overviews, intake: intake, judge: judge,
            environments: environments,
            workers: workers, learner: learner, retention: retention, policies: policies, pacing: pacing,
            totals: SpendTotals(reader: reader), ends: EndTotals(reader: overviews), texts: texts, pair: pair,
            times: times, board: board, writings: writings, clock: clock,
            startedAt: clock.now(), isUserMode: isUserMode, reloading: reloading)
        let server = try makeControlServer(service)
        let report = ServiceReport(
            manager: serviceManager, pair: pair, workers: workers, board: board, shutdown: shutdown)
        try await runTogether([
            { await pair.run() }, { try await server.run() }, { try await learner.run() },
            { try await retention.run() }, { try await intake.removeDropped(log: self.log, shutdown: self.shutdown) },
            { try await report.reportReadiness { self.announceReadiness() } }, { try await report.reportStatus() },
            { try await report.feedWatchdog() }, { await self.limitDrain() },
            { try await self.closeForgotten(environments) },
            { try await self.writeMetrics(of: service) },
            { for await error in store.health.fatalErrors { throw error } }, { try await self.watchState(store) },
        ]) { try await workers.run() }
        await environments.close()
    }

    /// Notices a state that was moved away also while nothing is written.
    private func watchState(_ store: Store) async throws {
        while true {
            try await Task.sleep(for: Self.stateLook)
            try store.checkPlace()
        }
    }

    /// Ends environments' processes that nobody has needed for one to two times `environmentPatience`.
    private func closeForgotten(_ environments: EnvironmentPool) async throws {
        while true {
            try await Task.sleep(for: Self.environmentPatience)
            await environments.closeForgotten()
        }
    }

    /// Runs `main` to its end with `others` beside it, then cancels those and waits for them. What one of them throws ends
    /// all.
    private func runTogether(
        _ others: [@Sendable () async throws -> Void], until main: @escaping @Sendable () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for other in others {
                group.addTask {
                    try await other()
                    return false
                }
            }
            group.addTask {
                try await main()
                return true
            }
            do {
                while let isMain = try await group.next(), !isMain {}
                // Whoever still waits for the disk has had its time.
                shutdown.advance(to: .aborting)
            } catch {
                shutdown.advance(to: .aborting)
                throw error
            }
            group.cancelAll()
            do { try await group.waitForAll() } catch is CancellationError {
                // The way that cancelled loops end.
            }
        }
    }

    private func makeEngines() -> [EngineRole: any Engine] {
        let configurations = configuration.engineRoles.map { role in
            let engine = configuration.engine(role)
            return EngineConfiguration(
                role: role, source: source(engine, role), instructions: engine.instructions,
                temperature: engine.temperature)
        }
        let memory = MemoryGate(engines: configurations)
        let time = MonotonicTime(ContinuousClock())
        var engines: [EngineRole: any Engine] = [:]
        for engine in configurations {
            let policy = RestartPolicy(hangLimit: .seconds(configuration.engine(engine.role).stallSeconds))
            let (name, log) = (engine.role.rawValue, log.about(role: engine.role))
            engines[engine.role] = makeEngine(engine, memory: memory, time: time, policy: policy) { line in
                log.debug("\(name): \(line)")
            }
        }
        return engines
    }

    /// What CUDA, ROCm, Vulkan and ggml read from the environment. A server gets nothing else of londid's.
    static func isForDrivers(_ variable: String) -> Bool {
        ["HOME", "LD_LIBRARY_PATH", "XDG_CACHE_HOME"].contains(variable)
            || ["CUDA_", "NVIDIA_", "GGML_", "HIP_", "ROCR_", "HSA_", "VK_"].contains { variable.begins(with: $0) }
    }

    /// Where systemd puts what LoadCredential= names.
    private func credentialPath(_ name: String) -> String {
        "\(environment["CREDENTIALS_DIRECTORY"] ?? "/run/credentials/londid.service")/\(name)"
    }

    private func source(_ engine: Configuration.Engine, _ role: EngineRole) -> EngineConfiguration.Source {
        if let url = engine.url {
            return .url(
                ServerAddress(
                    url, model: engine.modelName, authoritiesPath: engine.caFile,
                    keyPath: engine.apiKeyFile ?? engine.apiKeyCredential.map(credentialPath),
                    silenceSeconds: engine.stallSeconds))
        }
        guard let model = engine.model else { preconditionFailure("the loader demands Model= or Url=") }
        return .local(
            LocalEngine(
                isEncoder: role == .encoder, executable: configuration.serverProgram ?? "llama-server",
                searchPath: environment["PATH"] ?? "",
                modelPath: model,
                sha256: engine.sha256, context: engine.context, slots: engine.slots, gpuLayers: engine.gpuLayers,
                rpcServers: engine.rpcServers, threads: engine.threads, extraArguments: engine.extraArguments,
                environment: environment.filter { Self.isForDrivers($0.key) },
                socketPath: "\(configuration.engineDirectory)/\(role.rawValue).sock",
                hidden: configuration.hidden(from: role)))
    }

    private func roleModel(_ role: EngineRole, _ pair: EnginePair) -> RoleModel {
        let engine = configuration.engine(role)
        return RoleModel(
            model: pair.counted(role), instructions: engine.instructions, temperature: engine.temperature,
            thinks: engine.thinks)
    }

    private func makeControlServer(_ service: ControlService) throws -> ControlServer {
        let authorization =
            isUserMode
            ? Authorization.userMode(ownUID: getuid())
            : Authorization(
                ownUID: getuid(), adminGroup: Host.group(named: configuration.adminGroup),
                memberGroup: Host.group(named: configuration.memberGroup))
        let listener =
            try inheritedListener
            ?? SocketListener.bind(
                path: configuration.controlSocketPath, mode: isUserMode ? 0o600 : 0o660,
                group: isUserMode ? nil : Host.group(named: configuration.memberGroup))
        var limits = ControlLimits()
        limits.messageMemoryBytes = configuration.messageMemoryMegabytes << 20
        return ControlServer(
            listener: listener, authorization: authorization, limits: limits, version: Self.version,
            handler: guarding(service.table(authorization: authorization)),
            nanoseconds: { WallClock.monotonicNanoseconds() })
    }

    /// Keeps the file for the textfile collector up to date, where one is configured.
    private func writeMetrics(of service: ControlService) async throws {
        guard let path = configuration.metricsFile else { return }
        let file = MetricsFile(path: path, seconds: configuration.metricsSeconds, log: log) {
            () async throws(ControlError) in try await service.metrics()
        }
        try await file.run()
    }

    private func announceReadiness() {
        log.tell(
            .ready, .notice,
            "ready: both models answer; \(inheritedListener?.path ?? configuration.controlSocketPath) takes jobs")
    }

    /// Cuts running steps off when the drain has taken too long.
    private func limitDrain() async {
        await shutdown.reached(.draining)
        let seconds = live.current.drainSeconds
        do {
            try await Task.sleep(for: .seconds(seconds))
            log.warning("steps still run after \(seconds) s: they are cut off")
            shutdown.advance(to: .aborting)
        } catch {
            // Everything ended in time.
        }
    }
}
