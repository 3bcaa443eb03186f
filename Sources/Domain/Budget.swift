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

    /// The most that one step is believed to have used or may use: a day has 86,400,000 ms, and no model reads 10^12
    /// tokens. What says more is taken for this much, so that no sum of steps leaves 64 bits.
    package static let mostOfStep = Spend(calls: 1, tokens: 1_000_000_000_000, gpuMilliseconds: 1_000_000_000_000)

    /// The amount in one unit: calls, tokens or GPU milliseconds.
    package subscript(unit: BudgetUnit) -> Int64 {
        switch unit {
        case .calls: calls
        case .tokens: tokens
        case .gpuTime: gpuMilliseconds
        }
    }

    /// What a step of this estimate reserves: one call, and tokens and time between nothing and `mostOfStep`.
    package var asOneStep: Spend {
        Spend(calls: 1, tokens: Spend.ofStep(tokens), gpuMilliseconds: Spend.ofStep(gpuMilliseconds))
    }

    /// A count of one step, between 0 and `mostOfStep`.
    static func ofStep(_ count: Int64) -> Int64 { min(max(count, 0), mostOfStep.tokens) }

    /// The sum; a unit in which it leaves 64 bits stays at their end.
    package static func + (left: Spend, right: Spend) -> Spend {
        Spend(
            calls: left.calls.saturatingAdd(right.calls), tokens: left.tokens.saturatingAdd(right.tokens),
            gpuMilliseconds: left.gpuMilliseconds.saturatingAdd(right.gpuMilliseconds))
    }

    /// The difference; a unit in which it leaves 64 bits stays at their end.
    package static func - (left: Spend, right: Spend) -> Spend {
        Spend(
            calls: left.calls.saturatingSubtract(right.calls), tokens: left.tokens.saturatingSubtract(right.tokens),
            gpuMilliseconds: left.gpuMilliseconds.saturatingSubtract(right.gpuMilliseconds))
    }
}

extension Int64 {
    func saturatingAdd(_ other: Int64) -> Int64 {
        let (sum, overflows) = addingReportingOverflow(other)
        return overflows ? (other < 0 ? .min : .max) : sum
    }

    func saturatingSubtract(_ other: Int64) -> Int64 {
        let (difference, overflows) = subtractingReportingOverflow(other)
        return overflows ? (other < 0 ? .max : .min) : difference
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

    /// The highest limit, and the most that all grants of a queue may add to one.
    package static let most: Int64 = 1_000_000_000_000_000

    /// The limit in one unit: calls, tokens or GPU milliseconds; nil where it has none.
    package subscript(unit: BudgetUnit) -> Int64? {
        switch unit {
        case .calls: calls
        case .tokens: tokens
        case .gpuTime: gpuMilliseconds
        }
    }

    /// The limits with a grant on top; a unit without a limit stays without.
    package func raised(by granted: Spend) -> BudgetLimits {
        BudgetLimits(
            calls: calls?.saturatingAdd(granted.calls), tokens: tokens?.saturatingAdd(granted.tokens),
            gpuMilliseconds: gpuMilliseconds?.saturatingAdd(granted.gpuMilliseconds))
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

/// What a day's budget is counted in.
package enum BudgetUnit: String, Codable, Sendable, CaseIterable {
    case calls
    case tokens
    case gpuTime = "gpu-time"
}
