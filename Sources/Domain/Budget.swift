/// An amount of model use. Integers only: budgets are exact to the unit.
package struct Spend: Hashable, Codable, Sendable {
    /// Steps begun.
    package var calls: Int64
    /// Prompt tokens evaluated (those reused from the cache are free) plus tokens generated.
    package var tokens: Int64
    /// Time that the server worked on the step: prompt evaluation plus generation.
    package var gpuMilliseconds: Int64

    package init(calls: Int64 = 0, tokens: Int64 = 0, gpuMilliseconds: Int64 = 0) {
        self.calls = calls
        self.tokens = tokens
        self.gpuMilliseconds = gpuMilliseconds
    }

    package static let zero = Spend()

    package static func + (left: Spend, right: Spend) -> Spend {
        Spend(
            calls: left.calls + right.calls, tokens: left.tokens + right.tokens,
            gpuMilliseconds: left.gpuMilliseconds + right.gpuMilliseconds)
    }

    package static func - (left: Spend, right: Spend) -> Spend {
        Spend(
            calls: left.calls - right.calls, tokens: left.tokens - right.tokens,
            gpuMilliseconds: left.gpuMilliseconds - right.gpuMilliseconds)
    }
}

/// What a queue may spend on DEEPTHINK in one day, in any of three units; nil means no limit in that unit.
package struct BudgetLimits: Hashable, Codable, Sendable {
    package var calls: Int64?
    package var tokens: Int64?
    package var gpuMilliseconds: Int64?

    package init(calls: Int64? = nil, tokens: Int64? = nil, gpuMilliseconds: Int64? = nil) {
        self.calls = calls
        self.tokens = tokens
        self.gpuMilliseconds = gpuMilliseconds
    }
}

/// What a queue does with a job that wants DEEPTHINK when the day's budget cannot cover one more step.
package enum OnBudget: String, Codable, Sendable, CaseIterable {
    /// QUICK writes the step.
    case quick
    /// The job waits for the next day.
    case hold
    /// The job fails.
    case fail
}

/// Why DEEPTHINK could not be chosen at a step: the unit whose rest of the day does not cover the step's worst case.
package enum MaskReason: String, Codable, Sendable, CaseIterable {
    case calls
    case tokens
    case gpuTime = "gpu-time"
}

/// One queue's DEEPTHINK budget on one day: what is allowed, spent, and reserved by steps that run.
package struct BudgetDay: Hashable, Codable, Sendable {
    package var day: DayKey
    package var limits: BudgetLimits
    package var spent: Spend
    /// The sum of the open reservations.
    package var reserved: Spend
    /// The DEEPTHINK calls among them that exploration drew: they have a cap of their own.
    package var explorationCalls: Int64

    package init(
        day: DayKey, limits: BudgetLimits, spent: Spend = .zero, reserved: Spend = .zero, explorationCalls: Int64 = 0
    ) {
        self.day = day
        self.limits = limits
        self.spent = spent
        self.reserved = reserved
        self.explorationCalls = explorationCalls
    }

    /// The first unit in which `worstCase` does not fit into what is left; nil when it fits.
    package func mask(for worstCase: Spend) -> MaskReason? {
        let committed = spent + reserved + worstCase
        if let limit = limits.calls, committed.calls > limit { return .calls }
        if let limit = limits.tokens, committed.tokens > limit { return .tokens }
        if let limit = limits.gpuMilliseconds, committed.gpuMilliseconds > limit { return .gpuTime }
        return nil
    }

    /// Whether exploration may still draw a DEEPTHINK call today: its calls are below `share` of the day's calls.
    /// Without a limit on calls, exploration is limited by its rate alone.
    package func allowsExploration(share: Double) -> Bool {
        guard let limit = limits.calls else { return true }
        return Double(explorationCalls + 1) <= (share * Double(limit)).rounded(.up)
    }

    /// The limit, what is spent and what is reserved in one unit, in words.
    package func account(of reason: MaskReason) -> String {
        func words(_ limit: Int64?, _ spent: Int64, _ reserved: Int64, _ unit: String) -> String {
            "limit \(limit ?? 0) \(unit), spent \(spent), reserved \(reserved)"
        }
        return switch reason {
        case .calls: words(limits.calls, spent.calls, reserved.calls, "calls")
        case .tokens: words(limits.tokens, spent.tokens, reserved.tokens, "tokens")
        case .gpuTime: words(limits.gpuMilliseconds, spent.gpuMilliseconds, reserved.gpuMilliseconds, "GPU ms")
        }
    }

    /// What is left of the scarcest limited unit, as a share of its limit: 1 untouched or unlimited, 0 spent.
    package var remainingShare: Double {
        let committed = spent + reserved
        func share(_ limit: Int64?, _ used: Int64) -> Double {
            guard let limit else { return 1 }
            return limit == 0 ? 0 : max(0, Double(limit - used) / Double(limit))
        }
        return min(
            share(limits.calls, committed.calls), share(limits.tokens, committed.tokens),
            share(limits.gpuMilliseconds, committed.gpuMilliseconds))
    }
}
