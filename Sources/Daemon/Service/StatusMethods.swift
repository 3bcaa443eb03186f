import Control
import Domain
import Generation
import Storage

extension ControlService {
    func addStatus(to table: inout MethodTable) {
        table.on(Status.self) { _, _, reply throws(ControlError) in try await reply.send(try await status()) }
    }

    /// What londid is and how it does.
    func status() async throws(ControlError) -> Status.Reply {
        let queues = try await answering { () async throws(StorageError) in try await reader.queues() }
        var jobs = JobCounts()
        for queue in queues { jobs += JobCounts(queue) }
        return Status.Reply(
            version: LondiDaemon.version, epoch: store.epoch.number, startedAt: startedAt, now: clock.now(),
            stateDirectory: store.directory, isUserMode: isUserMode, queueCount: queues.count, jobs: jobs,
            engines: await views())
    }

    private func views() async -> [EngineView] {
        var views: [EngineView] = []
        for role in pair.configuration.engineRoles { views.append(await view(role)) }
        return views
    }

    private func view(_ role: EngineRole) async -> EngineView {
        let configuration = pair.configuration.engine(role)
        let condition = pair.condition(role)
        var view = EngineView(
            role: role, model: configuration.title, state: .starting, isExternal: configuration.url != nil,
            slots: configuration.slots, busySlots: condition.busySlots, contextTokens: configuration.context,
            restarts: condition.restarts)
        switch condition.state {
        case .starting: break
        case .ready(let device):
            view.state = .ready
            view.device = device
            view.model = await pair.engine(role).identity
        case .unavailable(let error):
            view.state = .unavailable
            view.fault = error.description
        case .stopped: view.state = .stopped
        }
        return view
    }
}

extension JobCounts {
    /// The jobs of a queue that have not ended.
    init(_ queue: QueueRecord) {
        self.init()
        pending = queue.pendingCount
        held = queue.heldCount
        running = queue.runningCount
    }

    static func += (left: inout JobCounts, right: JobCounts) {
        for state in JobState.allCases { left[state] += right[state] }
    }
}
