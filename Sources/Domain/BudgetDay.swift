/// One queue's DEEPTHINK budget on one day: what is allowed, spent, and reserved by steps that run.
package struct BudgetDay: Hashable, Codable, Sendable {
    package var day: DayKey
    /// What holds on this day: the queue's own limits and what was granted on top.
    package var limits: BudgetLimits
    /// The grants that hold on this day, oldest first.
    package var grants: [BudgetGrant]
    package var spent: Spend
    /// The sum of the open reservations.
    package var reserved: Spend
    /// What of both exploration drew: it has a cap of its own.
    package var exploration: Spend

    /// - Parameter limits: the queue's own; `grants` are added.
    package init(
        day: DayKey, limits: BudgetLimits, grants: [BudgetGrant] = [], spent: Spend = .zero, reserved: Spend = .zero,
        exploration: Spend = .zero
    ) {
        self.day = day
        self.limits = limits.raised(by: grants.total)
        self.grants = grants
        self.spent = spent
        self.reserved = reserved
        self.exploration = exploration
    }

    /// The first unit in which `worstCase` does not fit into what is left; nil when it fits.
    package func mask(for worstCase: Spend) -> BudgetUnit? {
        BudgetUnit.allCases.first { unit in remaining(unit).map { worstCase[unit] > $0 } ?? false }
    }

    /// What is neither spent nor reserved of one unit's limit; below 0 where the limit was lowered under it, nil where
    /// there is none.
    package func remaining(_ unit: BudgetUnit) -> Int64? {
        // None of the three is negative, so where a difference leaves 64 bits it is far below 0 anyway.
        limits[unit].map { $0.saturatingSubtract(spent[unit]).saturatingSubtract(reserved[unit]) }
    }

    /// Whether exploration may still draw a DEEPTHINK call today: of no limited unit has it used `share` of the day's
    /// limit. So the last of its calls may go beyond that by a part of itself. Without limits it is limited by its rate
    /// alone.
    package func allowsExploration(share: Double) -> Bool {
        BudgetUnit.allCases.allSatisfy { unit in
            limits[unit].map { Double(exploration[unit]) < share * Double($0) } ?? true
        }
    }

    /// The limit, what is spent and what is reserved in one unit, in words.
    package func account(of unit: BudgetUnit) -> String {
        let name =
            switch unit {
            case .calls: "calls"
            case .tokens: "tokens"
            case .gpuTime: "GPU ms"
            }
        let granted = grants.total[unit]
        return "limit \(limits[unit] ?? 0) \(name)\(granted > 0 ? " (\(granted) of them granted)" : ""), "
            + "spent \(spent[unit]), reserved \(reserved[unit])"
    }

    /// What is left of the scarcest limited unit, as a share of its limit: 1 untouched or unlimited, 0 spent.
    package var remainingShare: Double {
        let shares = BudgetUnit.allCases.map { unit in
            guard let limit = limits[unit], let left = remaining(unit) else { return 1.0 }
            return limit == 0 ? 0 : max(0, Double(left) / Double(limit))
        }
        return shares.min() ?? 1
    }

    /// The limited unit of which the greatest share is spent, and that share, above 1 where the limit was lowered under
    /// it; nil without limits. A limit of 0 is no budget to use up and does not count.
    package var scarcest: (unit: BudgetUnit, spentShare: Double)? {
        let shares = BudgetUnit.allCases.compactMap { unit -> (unit: BudgetUnit, spentShare: Double)? in
            guard let limit = limits[unit], limit > 0 else { return nil }
            return (unit, Double(spent[unit]) / Double(limit))
        }
        return shares.max { $0.spentShare < $1.spentShare }
    }

    /// Whether as much is spent as a queue wants to be warned at.
    /// - Parameter share: of the scarcest unit's limit, 0 to 1; 0 never warns.
    package func isWarned(at share: Double) -> Bool { share > 0 && (scarcest?.spentShare ?? 0) >= share }
}
