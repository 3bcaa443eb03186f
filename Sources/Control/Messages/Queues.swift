package import Domain

/// A queue as an administrator sees it.
package struct QueueView: Hashable, Codable, Sendable {
    package var name: QueueName
    package var settings: QueueSettings
    package var jobs: JobCounts
    package var createdAt: Timestamp

    package init(name: QueueName, settings: QueueSettings, jobs: JobCounts, createdAt: Timestamp) {
        self.name = name
        self.settings = settings
        self.jobs = jobs
        self.createdAt = createdAt
    }
}

/// What `SetQueue` changes; a null member stays as it is.
package struct QueueChanges: Hashable, Codable, Sendable {
    /// A day's limit.
    package var deepthinkCalls: Int64?
    /// A day's limit.
    package var deepthinkTokens: Int64?
    /// A day's limit.
    package var deepthinkGPUMilliseconds: Int64?
    /// The most of one episode of a job.
    package var deepthinkCallsPerJob: Int?
    /// What gets no limit: calls, tokens, gpu-time, job-calls.
    package var removeLimits: [MaskReason]?
    package var timeZone: String?
    /// quick, hold or fail.
    package var onBudget: OnBudget?
    /// state or draft.
    package var observe: Observe?
    /// auto, on or off.
    package var pacing: Pacing?
    package var switcherKind: SwitcherKind?
    package var cost: Double?
    package var parameter: Double?
    package var explorationRate: Double?
    package var explorationShare: Double?
    package var maxSteps: Int?
    package var stepTokens: Int?
    package var maxAttempts: Int?
    package var isPaused: Bool?
    package var isDraining: Bool?
    /// 0 is no limit.
    package var maxRunning: Int?
    package var share: Int?
    /// 0 is for ever.
    package var retentionDays: Int?
    package var warnAt: Double?
    package var leastReward: Double?
    package var mostReward: Double?

    package init(
        deepthinkCalls: Int64? = nil, deepthinkTokens: Int64? = nil, deepthinkGPUMilliseconds: Int64? = nil,
        deepthinkCallsPerJob: Int? = nil, removeLimits: [MaskReason]? = nil, timeZone: String? = nil,
        onBudget: OnBudget? = nil, observe: Observe? = nil, pacing: Pacing? = nil,
        switcherKind:
            SwitcherKind? = nil, cost: Double? = nil, parameter: Double? = nil, explorationRate: Double? = nil,
        explorationShare: Double? = nil, maxSteps: Int? = nil, stepTokens: Int? = nil, maxAttempts: Int? = nil,
        isPaused: Bool? = nil, isDraining: Bool? = nil, maxRunning: Int? = nil, share: Int? = nil,
        retentionDays: Int? = nil, warnAt: Double? = nil, leastReward: Double? = nil, mostReward: Double? = nil
    ) {
        self.deepthinkCalls = deepthinkCalls
        self.deepthinkTokens = deepthinkTokens
        self.deepthinkGPUMilliseconds = deepthinkGPUMilliseconds
        self.deepthinkCallsPerJob = deepthinkCallsPerJob
        self.removeLimits = removeLimits
        self.timeZone = timeZone
        self.onBudget = onBudget
        self.observe = observe
        self.pacing = pacing
        self.switcherKind = switcherKind
        self.cost = cost
        self.parameter = parameter
        self.explorationRate = explorationRate
        self.explorationShare = explorationShare
        self.maxSteps = maxSteps
        self.stepTokens = stepTokens
        self.maxAttempts = maxAttempts
        self.isPaused = isPaused
        self.isDraining = isDraining
        self.maxRunning = maxRunning
        self.share = share
        self.retentionDays = retentionDays
        self.warnAt = warnAt
        self.leastReward = leastReward
        self.mostReward = mostReward
    }
}

/// Makes a queue. Errors: Conflict where the name is taken, InvalidArgument.
package enum CreateQueue: ControlMethod {
    package static let name = "io.londi.CreateQueue"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        package var name: QueueName
        package var settings: QueueSettings

        package init(name: QueueName, settings: QueueSettings) {
            self.name = name
            self.settings = settings
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var queue: QueueView

        package init(queue: QueueView) {
            self.queue = queue
        }
    }
}

/// Changes a queue's settings, pausing, draining and resuming included. Errors: NotFound, InvalidArgument.
package enum SetQueue: ControlMethod {
    package static let name = "io.londi.SetQueue"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        package var name: QueueName
        package var changes: QueueChanges

        package init(name: QueueName, changes: QueueChanges) {
            self.name = name
            self.changes = changes
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var queue: QueueView

        package init(queue: QueueView) {
            self.queue = queue
        }
    }
}

/// All queues, by name.
package enum ListQueues: ControlMethod {
    package static let name = "io.londi.ListQueues"
    package static let needs = Authority.member

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        package var queues: [QueueView]

        package init(queues: [QueueView]) {
            self.queues = queues
        }
    }
}
