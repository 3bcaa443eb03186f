/// A step that a budget did not cover: whose limit, in what unit, and when it is new.
package struct BudgetRefusal: Hashable, Codable, Sendable {
    /// The code of a job that failed for it: `--on-budget fail`.
    package static let faultCode = "budget-exhausted"

    /// What set the limit: `queue`.
    package var limitSource = "queue"
    /// The unit that the numbers are in; GPU time in milliseconds.
    package var scope: BudgetUnit
    /// Of the day, what was granted included.
    package var limit: Int64
    package var spent: Int64
    package var reserved: Int64
    /// When the next day's budget begins.
    package var resetsAt: Timestamp

    package init(scope: BudgetUnit, limit: Int64, spent: Int64, reserved: Int64, resetsAt: Timestamp) {
        self.scope = scope
        self.limit = limit
        self.spent = spent
        self.reserved = reserved
        self.resetsAt = resetsAt
    }
}
