/// Why DEEPTHINK could not be chosen at a step.
package enum MaskReason: String, Codable, Sendable, CaseIterable {
    /// The rest of the queue's day in this unit does not cover the step's worst case.
    case calls
    case tokens
    case gpuTime = "gpu-time"
    /// The job has made as many calls as it may.
    case jobCalls = "job-calls"

    package init(_ unit: BudgetUnit) {
        switch unit {
        case .calls: self = .calls
        case .tokens: self = .tokens
        case .gpuTime: self = .gpuTime
        }
    }

    /// The unit of the day that is spent, which another day or a grant brings back; nil where waiting would not help.
    package var unit: BudgetUnit? {
        switch self {
        case .calls: .calls
        case .tokens: .tokens
        case .gpuTime: .gpuTime
        case .jobCalls: nil
        }
    }
}

/// A job's own budget of DEEPTHINK calls for one episode: LONDI-B's n and z.
/// - Source: paper.md section 2.
package struct JobCalls: Hashable, Codable, Sendable {
    /// n, >= 0.
    package var limit: Int
    /// The calls that the episode has made or reserved, those cut off included unless they used nothing.
    package var made: Int

    package init(limit: Int, made: Int) {
        self.limit = limit
        self.made = made
    }

    /// z: what may still be called, >= 0.
    package var remaining: Int { max(0, limit - made) }

    /// z / n, 1 untouched, 0 spent; 0 for a limit of 0.
    package var remainingShare: Double { limit > 0 ? Double(remaining) / Double(limit) : 0 }
}

/// All that bounds DEEPTHINK at one step.
package struct StepBudget: Hashable, Sendable {
    /// The queue's.
    package var day: BudgetDay
    /// nil: the job may make any number of calls.
    package var jobCalls: JobCalls?

    package init(day: BudgetDay, jobCalls: JobCalls? = nil) {
        self.day = day
        self.jobCalls = jobCalls
    }

    /// Why a step of this worst case cannot be DEEPTHINK's; nil where it can. The job's own limit comes first, as it stays
    /// whatever the day brings.
    package func mask(for worstCase: Spend) -> MaskReason? {
        if jobCalls?.remaining == 0 { return .jobCalls }
        return day.mask(for: worstCase).map(MaskReason.init)
    }
}
