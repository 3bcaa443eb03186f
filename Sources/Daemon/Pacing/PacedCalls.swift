import Domain

/// What a run of a job called at the price that it met, to be compared with what was expected.
struct PacedCalls: Sendable {
    /// At its first step; nil where that was not this run's, or not paced.
    private(set) var price: Double?
    /// DEEPTHINK calls but for those that exploration drew.
    private(set) var count = 0
    /// The day's budget left no choice at some step, so that it called less than it would have. A job's own limit is as
    /// common among the next jobs, and no reason to look away.
    private(set) var wasMasked = false

    mutating func note(_ decision: Decision, stepAt index: Int) {
        if index == 0 { price = decision.price }
        if decision.role == .deepthink, !decision.isExploration { count += 1 }
        if decision.maskReason?.unit != nil { wasMasked = true }
    }
}
