package import Domain

/// Something about a queue's day that its administrators should hear, once.
package struct BudgetNotice: Hashable, Sendable {
    package enum Kind: String, Sendable {
        /// As much is spent as the queue wants to be warned at.
        case warning
        /// What is left no longer covers a DEEPTHINK step, even when all running ones have ended.
        case exhausted
    }

    package let kind: Kind
    package let queue: QueueName
    /// The unit that is scarce.
    package let unit: BudgetUnit
    package let budget: BudgetDay
    /// Of the queue: its midnight ends the day.
    package let timeZone: String
}
