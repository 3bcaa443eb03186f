package import Domain

/// How many jobs are in each state.
package struct JobCounts: Hashable, Codable, Sendable {
    package var pending: Int
    package var held: Int
    package var running: Int
    package var completed: Int
    package var failed: Int
    package var cancelled: Int
    package var timeout: Int

    package init(pending: Int, held: Int, running: Int, completed: Int, failed: Int, cancelled: Int, timeout: Int) {
        self.pending = pending
        self.held = held
        self.running = running
        self.completed = completed
        self.failed = failed
        self.cancelled = cancelled
        self.timeout = timeout
    }
}

extension JobCounts {
    package init() { self.init(pending: 0, held: 0, running: 0, completed: 0, failed: 0, cancelled: 0, timeout: 0) }

    /// How many jobs are in `state`.
    package subscript(_ state: JobState) -> Int {
        get {
            switch state {
            case .pending: pending
            case .held: held
            case .running: running
            case .completed: completed
            case .failed: failed
            case .cancelled: cancelled
            case .timeout: timeout
            }
        }
        set {
            switch state {
            case .pending: pending = newValue
            case .held: held = newValue
            case .running: running = newValue
            case .completed: completed = newValue
            case .failed: failed = newValue
            case .cancelled: cancelled = newValue
            case .timeout: timeout = newValue
            }
        }
    }

    package var total: Int { pending + held + running + completed + failed + cancelled + timeout }
    /// Jobs that will not change again.
    package var ended: Int { completed + failed + cancelled + timeout }
    /// Jobs that ended without an answer.
    package var unanswered: Int { failed + cancelled + timeout }
}

/// One job in a list.
package struct JobView: Hashable, Codable, Sendable {
    package var job: JobID
    package var queue: QueueName
    package var batch: BatchID?
    package var customID: String?
    /// Who submitted it.
    package var user: String
    /// pending, held, running, completed, failed, cancelled or timeout.
    package var state: JobState
    /// Priority, Dependency, QueuePaused, BudgetExhausted, NotBefore or ModelUnavailable.
    package var pendingReason: PendingReason?
    package var priority: Int
    /// 1 for the first; 0 before it.
    package var attempt: Int
    /// Steps recorded.
    package var steps: Int
    package var deepthinkSteps: Int
    package var quickSpend: Spend
    package var deepthinkSpend: Spend
    /// answered, step-limit or context-limit.
    package var end: EpisodeEnd?
    package var reward: Double?
    /// verifier, environment or feedback.
    package var rewardSource: RewardSource?
    /// Why it failed.
    package var fault: String?
    /// The same in a word that stays: budget-exhausted, model-error, verifier, ...
    package var faultCode: String?
    /// What its queue's budget lacked, where that is why it failed.
    package var refusal: BudgetRefusal?
    package var submittedAt: Timestamp
    package var notBefore: Timestamp?
    package var deadline: Timestamp?
    package var startedAt: Timestamp?
    package var endedAt: Timestamp?
    /// The most time of one attempt.
    package var timeLimitMilliseconds: Int64?
    /// The most DEEPTHINK calls of one episode; its queue's limit holds too.
    package var deepthinkCalls: Int?
    /// The jobs that it still waits for; only ShowJob and ExplainJob tell them.
    package var waitsFor: [JobID]?

    package init(
        job: JobID, queue: QueueName, batch: BatchID? = nil, customID: String? = nil, user: String, state: JobState,
        pendingReason: PendingReason? = nil, priority: Int, attempt: Int, steps: Int, deepthinkSteps: Int,
        quickSpend: Spend, deepthinkSpend: Spend, end: EpisodeEnd? = nil, reward: Double? = nil,
        rewardSource: RewardSource? = nil, fault: String? = nil, faultCode: String? = nil,
        refusal: BudgetRefusal? = nil,
        submittedAt: Timestamp, notBefore: Timestamp? = nil, deadline: Timestamp? = nil, startedAt: Timestamp? = nil,
        endedAt: Timestamp? = nil,
        timeLimitMilliseconds: Int64? = nil, deepthinkCalls: Int? = nil, waitsFor: [JobID]? = nil
    ) {
        self.job = job
        self.queue = queue
        self.batch = batch
        self.customID = customID
        self.user = user
        self.state = state
        self.pendingReason = pendingReason
        self.priority = priority
        self.attempt = attempt
        self.steps = steps
        self.deepthinkSteps = deepthinkSteps
        self.quickSpend = quickSpend
        self.deepthinkSpend = deepthinkSpend
        self.end = end
        self.reward = reward
        self.rewardSource = rewardSource
        self.fault = fault
        self.faultCode = faultCode
        self.refusal = refusal
        self.submittedAt = submittedAt
        self.notBefore = notBefore
        self.deadline = deadline
        self.startedAt = startedAt
        self.endedAt = endedAt
        self.timeLimitMilliseconds = timeLimitMilliseconds
        self.deepthinkCalls = deepthinkCalls
        self.waitsFor = waitsFor
    }
}

/// Jobs, newest first. With more: chunks until all are listed; without: one reply of at most limit jobs. Members
/// see their own.
package enum ListJobs: ControlMethod {
    package static let name = "io.londi.ListJobs"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName?
        package var batch: BatchID?
        package var states: [JobState]?
        package var user: String?
        /// At least 1. null: 1000 without more, all with it.
        package var limit: Int?

        package init(
            queue: QueueName? = nil, batch: BatchID? = nil, states: [JobState]? = nil, user: String? = nil,
            limit:
                Int? = nil
        ) {
            self.queue = queue
            self.batch = batch
            self.states = states
            self.user = user
            self.limit = limit
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var jobs: [JobView]

        package init(jobs: [JobView]) {
            self.jobs = jobs
        }
    }
}

/// One job with what it asks and what it answered.
package enum ShowJob: ControlMethod {
    package static let name = "io.londi.ShowJob"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var job: JobID

        package init(job: JobID) {
            self.job = job
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var job: JobView
        package var specification: JobSpecification
        package var outcome: Outcome?

        package init(job: JobView, specification: JobSpecification, outcome: Outcome? = nil) {
            self.job = job
            self.specification = specification
            self.outcome = outcome
        }
    }
}

/// One job step by step, every attempt included.
package enum ExplainJob: ControlMethod {
    package static let name = "io.londi.ExplainJob"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var job: JobID

        package init(job: JobID) {
            self.job = job
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var job: JobView
        package var specification: JobSpecification
        package var outcome: Outcome?
        /// How an environment began its current episode.
        package var opening: Opening?
        package var steps: [StepView]

        package init(
            job: JobView, specification: JobSpecification, outcome: Outcome? = nil, opening: Opening? = nil,
            steps: [StepView]
        ) {
            self.job = job
            self.specification = specification
            self.outcome = outcome
            self.opening = opening
            self.steps = steps
        }
    }
}

/// Cancels a job, or the jobs of a batch that have not ended; exactly one is named. Members cancel their own.
package enum Cancel: ControlMethod {
    package static let name = "io.londi.Cancel"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var job: JobID?
        package var batch: BatchID?
        /// Of a batch only those in these states.
        package var states: [JobState]?
        /// Of a batch only those whose custom_id this pattern matches: `*`, `?` and `[a-z]`.
        package var customID: String?

        package init(
            job: JobID? = nil, batch: BatchID? = nil, states: [JobState]? = nil, customID: String? = nil
        ) {
            self.job = job
            self.batch = batch
            self.states = states
            self.customID = customID
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// Jobs that this call cancelled, with those that needed one of them.
        package var count: Int

        package init(count: Int) {
            self.count = count
        }
    }
}

/// Gives the reward of a job whose answer a person judged; the newest counts. Conflict where the job has
/// no answer.
package enum Feedback: ControlMethod {
    package static let name = "io.londi.Feedback"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var job: JobID
        /// Within the range of its queue, usually 0 to 1.
        package var reward: Double

        package init(job: JobID, reward: Double) {
            self.job = job
            self.reward = reward
        }
    }

    package typealias Reply = NoFields
}
