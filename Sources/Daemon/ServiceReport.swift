import Domain
import Generation

/// What the service manager is told while londid serves: that both models answer, what runs, and that the workers' loop
/// still turns.
struct ServiceReport: Sendable {
    /// How often a start that takes its time says so, and for how long that holds.
    private static let startPause = Duration.seconds(10)
    private static let startSeconds = 60
    /// The status changes no more often.
    private static let statusPause = Duration.seconds(1)
    /// The status names no more jobs.
    private static let namedJobs = 8

    let manager: ServiceManager
    let pair: EnginePair
    let workers: JobWorkers
    let board: ChangeBoard
    let shutdown: Shutdown

    /// Asks for more time as long as `body` runs.
    static func extendingStart<Result: Sendable>(
        _ manager: ServiceManager, _ body: () async throws -> Result
    ) async throws -> Result {
        guard manager.isListening else { return try await body() }
        manager.extendTimeout(bySeconds: startSeconds)
        let extending = Task {
            while true {
                try await Task.sleep(for: startPause)
                manager.extendTimeout(bySeconds: startSeconds)
            }
        }
        defer { extending.cancel() }
        return try await body()
    }

    /// Says `READY` once all engines answer, and returns.
    /// - Throws: what is wrong with a file of a model, where a service manager waits for a start that cannot succeed.
    func reportReadiness(_ announce: () -> Void) async throws(GenerationError) {
        while !Task.isCancelled {
            let version = board.version
            if pair.areReady {
                announce()
                return manager.notifyReady()
            }
            if manager.isListening, let error = pair.wrongFile { throw error }
            await board.changed(since: version)
        }
    }

    /// Says in one line what londid does, whenever that changes.
    func reportStatus() async throws {
        var told: String?
        while !Task.isCancelled {
            let version = board.version
            let status = status
            if status != told {
                manager.notify(status: status)
                told = status
                if manager.isListening { try await Task.sleep(for: Self.statusPause) }
            }
            await board.changed(since: version)
        }
    }

    /// Feeds the watchdog as long as the loop that claims jobs turns, with the store's answers that it waits for. Before
    /// that, asks for more time while models load for the first time.
    func feedWatchdog() async throws {
        guard manager.isListening else { return }
        let pause = manager.watchdog.map { min($0 / 3, Self.startPause) } ?? Self.startPause
        while !pair.areReady {
            if pair.isLoading { manager.extendTimeout(bySeconds: Self.startSeconds) }
            try await Task.sleep(for: pause)
        }
        guard let limit = manager.watchdog else { return }
        var rounds = -1
        while true {
            let turned = workers.rounds
            if turned != rounds { manager.notifyAlive() }
            rounds = turned
            // The loop looks around whenever something is posted; an idle one has no other reason to.
            board.post()
            try await Task.sleep(for: limit / 3)
        }
    }

    private var status: String {
        let running = workers.runningJobs
        let names = running.prefix(Self.namedJobs).map(\.description).joined(separator: ", ")
        let more = running.count > Self.namedJobs ? ", ..." : ""
        let jobs =
            switch running.count {
            case 0: "no job runs"
            case 1: "job \(names) runs"
            default: "\(running.count) jobs run: \(names)\(more)"
            }
        if shutdown.phase > .running { return "stopping; \(jobs)" }
        return pair.areReady ? "ready; \(jobs)" : pair.engines.keys.compactMap(awaited).sorted().joined(separator: "; ")
    }

    /// What an engine that is not ready waits for.
    private func awaited(_ role: EngineRole) -> String? {
        switch pair.condition(role).state {
        case .ready: nil
        case .starting: "\(role.rawValue) is being loaded"
        case .unavailable(let error): "\(role.rawValue) is away: \(String(describing: error).lines[0])"
        case .stopped: "\(role.rawValue) is stopped"
        }
    }
}
