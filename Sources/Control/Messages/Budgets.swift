package import Domain

/// The price of a queue's DEEPTHINK calls now, and what it comes from.
package struct PacingView: Hashable, Codable, Sendable {
    /// What one more call today is worth, in units of reward beyond the queue's cost: what pacing asks for a call.
    package var price: Double
    /// Jobs that are still to be run today: waiting, running and yet to come.
    package var jobsToCome: Double
    /// DEEPTHINK calls that those are expected to make at this price.
    package var callsToCome: Double
    /// Calls that the rest of the day has room for, by the scarcest limit and what calls have used.
    package var callsLeft: Double

    package init(price: Double, jobsToCome: Double, callsToCome: Double, callsLeft: Double) {
        self.price = price
        self.jobsToCome = jobsToCome
        self.callsToCome = callsToCome
        self.callsLeft = callsLeft
    }
}

/// One queue's DEEPTHINK budget today.
package struct BudgetView: Hashable, Codable, Sendable {
    package var queue: QueueName
    package var day: DayKey
    package var timeZone: String
    /// What holds today: the queue's own limits and the grants.
    package var limits: BudgetLimits
    /// Those that hold today, oldest first.
    package var grants: [BudgetGrant]
    package var spent: Spend
    /// By steps that run.
    package var reserved: Spend
    package var explorationCalls: Int64
    /// The start of the next day.
    package var resetsAt: Timestamp
    /// quick, hold or fail.
    package var onBudget: OnBudget
    /// What is neither spent nor reserved of the scarcest limited unit, 0 to 1; 1 without limits.
    package var remainingShare: Double
    /// The share of the scarcest limited unit whose use is worth a warning; 0 is never.
    package var warnAt: Double
    /// That much is spent.
    package var isWarned: Bool
    /// nil where calls have no price: the queue is not paced, or has no policy yet.
    package var pacing: PacingView?
    /// How fast it is used; only ShowBudgets tells it.
    package var burn: Burn?

    /// A budget day as Storage keeps it, with what the queue says about it.
    package init(
        queue: QueueName, day: BudgetDay, resetsAt: Timestamp, settings: QueueSettings, pacing: PacingView? = nil,
        burn: Burn? = nil
    ) {
        self.queue = queue
        self.day = day.day
        timeZone = settings.timeZone
        limits = day.limits
        grants = day.grants
        spent = day.spent
        reserved = day.reserved
        explorationCalls = day.exploration.calls
        self.resetsAt = resetsAt
        onBudget = settings.onBudget
        remainingShare = day.remainingShare
        warnAt = settings.warnAt
        isWarned = day.isWarned(at: settings.warnAt)
        self.pacing = pacing
        self.burn = burn
    }
}

/// Adds to a queue's budget on its current day and each day after it through `until`.
package enum GrantBudget: ControlMethod {
    package static let name = "io.londi.GrantBudget"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        /// For each day; 0 leaves a unit as it is.
        package var amount: Spend
        /// null: the current day alone.
        package var until: DayKey?

        package init(queue: QueueName, amount: Spend, until: DayKey? = nil) {
            self.queue = queue
            self.amount = amount
            self.until = until
        }

        /// Checks what can be checked without the queue.
        /// - Throws: `.invalidArgument` where no queue could be granted this.
        package func validate() throws(ControlError) {
            let named = [
                ("amount.calls", amount.calls), ("amount.tokens", amount.tokens),
                ("amount.gpuMilliseconds", amount.gpuMilliseconds),
            ]
            for (name, value) in named where !(0...BudgetLimits.most).contains(value) {
                throw .invalidArgument(argument: name, value: "\(value)", remedy: "use 0 to 10^15")
            }
            guard amount != .zero else {
                throw .invalidArgument(
                    argument: "amount", value: "0", remedy: "grant calls, tokens or GPU seconds, of one at least 1")
            }
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var budget: BudgetView

        package init(budget: BudgetView) {
            self.budget = budget
        }
    }
}

/// Ends every grant of a queue.
package enum RevokeGrants: ControlMethod {
    package static let name = "io.londi.RevokeGrants"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName

        package init(queue: QueueName) {
            self.queue = queue
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// Grants that this call ended.
        package var count: Int
        package var budget: BudgetView

        package init(count: Int, budget: BudgetView) {
            self.count = count
            self.budget = budget
        }
    }
}

/// Takes a queue back to the day by the clock, which has been ahead.
package enum SetBudgetDay: ControlMethod {
    package static let name = "io.londi.SetBudgetDay"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName

        package init(queue: QueueName) {
            self.queue = queue
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// The day that the queue was on.
        package var before: DayKey
        package var budget: BudgetView

        package init(before: DayKey, budget: BudgetView) {
            self.before = before
            self.budget = budget
        }
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
