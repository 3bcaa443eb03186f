package import Domain

/// What a queue's DEEPTHINK calls have used.
package struct CallUse: Hashable, Sendable {
    /// The sum of settled calls.
    package var settled: Spend

    package init(settled: Spend = .zero) { self.settled = settled }

    /// What a call uses of one unit, above 0. The worst case counts as one call more: it is all that is known at first.
    package func mean(_ unit: BudgetUnit, worstCase: Spend) -> Double {
        if unit == .calls { return 1 }
        return max((Double(settled[unit]) + Double(worstCase[unit])) / (Double(settled.calls) + 1), 1)
    }
}
