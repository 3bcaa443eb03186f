/// What the Switcher says at a step, given its budget.
package enum StepChoice: Hashable, Sendable {
    /// Write the step as decided. `features` is the state that the choice saw, kept for learning.
    case write(Decision, features: [Float])
    /// DEEPTHINK is wanted, the day's budget cannot cover it in this unit, and the queue's jobs wait for the next day.
    case hold(BudgetUnit)
    /// DEEPTHINK is wanted, and only what running steps have reserved stands in the way: most of that comes back in a
    /// moment, so the step is tried again then.
    case wait(BudgetUnit)
    /// As `hold`, and the queue's jobs fail.
    case fail(BudgetUnit)
}
