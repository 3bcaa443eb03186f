package import Domain

/// The budget of one queue on its current day.
package struct QueueBudget: Hashable, Sendable {
    package let queue: QueueName
    package let budget: BudgetDay
}
