package import Domain

/// How one role's model server is.
package enum EngineState: String, Codable, Sendable, CaseIterable {
    /// The server loads its model.
    case starting
    case ready
    /// It failed or does not answer; jobs wait as `ModelUnavailable` while it is started again.
    case unavailable
    case stopped
}

/// One role's model and the server that runs it.
package struct EngineView: Hashable, Codable, Sendable {
    /// quick, deepthink or encoder.
    package var role: EngineRole
    /// The model's identity, as in the policy's key.
    package var model: String
    /// starting, ready, unavailable or stopped.
    package var state: EngineState
    /// The server is run by someone else and reached by an URL.
    package var isExternal: Bool
    /// What computes: a GPU's name, or CPU.
    package var device: String?
    /// How many steps it writes, or texts it embeds, at once.
    package var slots: Int
    package var busySlots: Int
    package var contextTokens: Int
    /// How often the server was started again since londid started.
    package var restarts: Int
    /// Why it is not ready.
    package var fault: String?

    package init(
        role: EngineRole, model: String, state: EngineState, isExternal: Bool, device: String? = nil, slots: Int,
        busySlots:
            Int, contextTokens: Int, restarts: Int, fault: String? = nil
    ) {
        self.role = role
        self.model = model
        self.state = state
        self.isExternal = isExternal
        self.device = device
        self.slots = slots
        self.busySlots = busySlots
        self.contextTokens = contextTokens
        self.restarts = restarts
        self.fault = fault
    }
}

/// What the daemon is and how it does.
package enum Status: ControlMethod {
    package static let name = "io.londi.Status"
    package static let needs = Authority.member

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        package var version: String
        /// How often londid has started on this state directory.
        package var epoch: Int64
        package var startedAt: Timestamp
        package var now: Timestamp
        package var stateDirectory: String
        package var isUserMode: Bool
        package var queueCount: Int
        package var jobs: JobCounts
        package var engines: [EngineView]

        package init(
            version: String, epoch: Int64, startedAt: Timestamp, now: Timestamp, stateDirectory: String,
            isUserMode:
                Bool, queueCount: Int, jobs: JobCounts, engines: [EngineView]
        ) {
            self.version = version
            self.epoch = epoch
            self.startedAt = startedAt
            self.now = now
            self.stateDirectory = stateDirectory
            self.isUserMode = isUserMode
            self.queueCount = queueCount
            self.jobs = jobs
            self.engines = engines
        }
    }
}
