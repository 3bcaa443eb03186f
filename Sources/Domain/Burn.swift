/// How fast a queue uses its DEEPTHINK budget.
package struct Burn: Hashable, Codable, Sendable {
    /// How far back is looked.
    package static let windowMilliseconds: Int64 = 3_600_000

    /// What the steps of the last `milliseconds` used, those of the day before included.
    package var spent: Spend
    package var milliseconds: Int64
    /// When the rest of the first unit to end is used up, if this goes on; nil where that is not before the day ends.
    package var exhaustedAt: Timestamp?

    /// - Parameters:
    ///   - spent: in the last `windowMilliseconds`.
    ///   - end: when the next day's budget begins.
    package init(_ spent: Spend, of day: BudgetDay, now: Timestamp, end: Timestamp) {
        self.spent = spent
        milliseconds = Self.windowMilliseconds
        let times = BudgetUnit.allCases.compactMap { unit -> Double? in
            guard let left = day.remaining(unit) else { return nil }
            if left <= 0 { return 0 }
            return spent[unit] > 0 ? Double(left) / Double(spent[unit]) * Double(Self.windowMilliseconds) : nil
        }
        guard let first = times.min(), first < Double(end.milliseconds - now.milliseconds) else { return }
        exhaustedAt = now.advanced(byMilliseconds: Int64(first))
    }
}
