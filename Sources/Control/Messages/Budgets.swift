package import Domain

/// One queue's DEEPTHINK budget today.
package struct BudgetView: Hashable, Codable, Sendable {
    package var queue: QueueName
    package var day: DayKey
    package var timeZone: String
    package var limits: BudgetLimits
    package var spent: Spend
    /// By steps that run.
    package var reserved: Spend
    package var explorationCalls: Int64
    /// The start of the next day.
    package var resetsAt: Timestamp
    /// quick, hold or fail.
    package var onBudget: OnBudget

    package init(
        queue: QueueName, day: DayKey, timeZone: String, limits: BudgetLimits, spent: Spend, reserved: Spend,
        explorationCalls: Int64, resetsAt: Timestamp, onBudget: OnBudget
    ) {
        self.queue = queue
        self.day = day
        self.timeZone = timeZone
        self.limits = limits
        self.spent = spent
        self.reserved = reserved
        self.explorationCalls = explorationCalls
        self.resetsAt = resetsAt
        self.onBudget = onBudget
    }
}

extension BudgetView {
    /// A budget day as Storage keeps it, with what the queue says about it.
    package init(queue: QueueName, day: BudgetDay, resetsAt: Timestamp, settings: QueueSettings) {
        self.init(
            queue: queue, day: day.day, timeZone: settings.timeZone, limits: day.limits, spent: day.spent,
            reserved: day.reserved, explorationCalls: day.explorationCalls, resetsAt: resetsAt,
            onBudget: settings.onBudget)
    }
}

/// Today's budgets, of all queues or one.
package enum ShowBudgets: ControlMethod {
    package static let name = "io.londi.ShowBudgets"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName?

        package init(queue: QueueName? = nil) {
            self.queue = queue
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var budgets: [BudgetView]

        package init(budgets: [BudgetView]) {
            self.budgets = budgets
        }
    }
}

/// Spend from the ledger, summed. Members see their own.
package enum ReportSpend: ControlMethod {
    package static let name = "io.londi.Spend"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        /// The first day; null: the current day of each queue.
        package var from: DayKey?
        /// The last day; null: no end.
        package var to: DayKey?
        /// Any of queue, day, user, model, batch; none gives one row.
        package var by: [SpendGroup]
        package var queue: QueueName?

        package init(from: DayKey? = nil, to: DayKey? = nil, by: [SpendGroup], queue: QueueName? = nil) {
            self.from = from
            self.to = to
            self.by = by
            self.queue = queue
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var rows: [SpendRow]
        /// Of all rows; its jobs are counted once each.
        package var total: SpendRow

        package init(rows: [SpendRow], total: SpendRow) {
            self.rows = rows
            self.total = total
        }
    }
}
