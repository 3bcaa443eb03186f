/// What an administrator added to a queue's budget for each of some days. A grant never changes; it can be revoked.
package struct BudgetGrant: Hashable, Codable, Sendable {
    package var firstDay: DayKey
    /// The last of its days.
    package var lastDay: DayKey
    /// For each day; 0 in the units that it leaves as they are.
    package var amount: Spend
    /// Who granted it.
    package var user: String
    package var at: Timestamp

    package init(firstDay: DayKey, lastDay: DayKey, amount: Spend, user: String, at: Timestamp) {
        self.firstDay = firstDay
        self.lastDay = lastDay
        self.amount = amount
        self.user = user
        self.at = at
    }
}

extension [BudgetGrant] {
    /// What they add up to on a day on which all hold.
    package var total: Spend { reduce(.zero) { $0 + $1.amount } }
}
