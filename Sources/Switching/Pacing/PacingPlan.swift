package import Domain

/// What is known about the rest of a queue's day when a job begins: enough to price each of its steps from the budget as
/// it is then. Recomputed for each job, from what is really left, so that errors correct themselves.
package struct PacingPlan: Hashable, Sendable {
    package var curve: DemandCurve
    /// Real calls for each call that the curve expects.
    package var calibration: Double
    /// The jobs that are still to be run today: waiting, running (this one among them) and yet to come.
    package var jobsToCome: Double
    /// The jobs of a whole day.
    package var jobsOfDay: Double
    /// What a call has really used.
    package var use: CallUse
    /// The largest share of the day's budget that exploration may use.
    package var explorationShare: Double

    package init(
        curve: DemandCurve, calibration: Double = 1, jobsToCome: Double, jobsOfDay: Double, use: CallUse = CallUse(),
        explorationShare: Double
    ) {
        self.curve = curve
        self.calibration = calibration
        self.jobsToCome = jobsToCome
        self.jobsOfDay = jobsOfDay
        self.use = use
        self.explorationShare = explorationShare
    }

    /// The smallest price at which the calls that today's jobs are expected to make fit into what is left of today's
    /// budget: 0 where they fit anyway or there is no limit, the highest of the curve where nothing is left.
    /// - Parameter worstCase: what is reserved for a step: what a call is taken to use before any has been seen.
    package func price(for budget: BudgetDay, worstCase: Spend) -> PacedPrice {
        guard let left = callsLeft(budget, worstCase: worstCase) else { return .free }
        let drawn = min(
            max(jobsToCome, 1) * curve.explorationCalls, explorationLeft(budget, worstCase: worstCase))
        return price(calls: left - drawn, jobs: jobsToCome)
    }

    /// The price at which a whole day's jobs fit into a whole day's budget: what a job that is told to wait or to fail
    /// has to be worth it at, as the rest of a day that is spent says nothing of the next.
    package func priceOfDay(_ budget: BudgetDay, worstCase: Spend) -> PacedPrice {
        let untouched = BudgetDay(day: budget.day, limits: budget.limits)
        guard let calls = callsLeft(untouched, worstCase: worstCase) else { return .free }
        return price(calls: calls, jobs: max(jobsOfDay, jobsToCome))
    }

    /// DEEPTHINK calls that today's jobs are expected to make at a price.
    package func expectedCalls(at price: PacedPrice) -> Double {
        let calls =
            (1 - price.upperShare) * curve.calls(at: price.lower) + price.upperShare * curve.calls(at: price.upper)
        return jobsToCome * calibration * calls
    }

    /// The calls that the rest of the day has room for, by the limit that allows the fewest; nil without limits. Running
    /// steps are counted as what calls really use, not as the worst case that is reserved for them.
    package func callsLeft(_ budget: BudgetDay, worstCase: Spend) -> Double? {
        let left = BudgetUnit.allCases.compactMap { unit -> Double? in
            guard let limit = budget.limits[unit] else { return nil }
            return Double(limit - budget.spent[unit]) / use.mean(unit, worstCase: worstCase)
        }
        return left.min().map { max($0 - Double(budget.reserved.calls), 0) }
    }

    /// The calls that exploration may still draw today.
    private func explorationLeft(_ budget: BudgetDay, worstCase: Spend) -> Double {
        let left = BudgetUnit.allCases.compactMap { unit -> Double? in
            guard let limit = budget.limits[unit] else { return nil }
            let most = explorationShare * Double(limit) - Double(budget.exploration[unit])
            return most / use.mean(unit, worstCase: worstCase)
        }
        return max(left.min() ?? 0, 0)
    }

    private func price(calls: Double, jobs: Double) -> PacedPrice {
        // This job is one of them, whatever was counted.
        let perJob = max(calls, 0) / (max(jobs, 1) * calibration)
        let points = curve.points
        // Calls fall from point to point: the first of those that fit.
        var low = 0
        var high = points.count
        while low < high {
            let middle = (low + high) / 2
            if points[middle].calls <= perJob { high = middle } else { low = middle + 1 }
        }
        guard low > 0, let last = points.last else { return .free }
        guard low < points.count else {
            return PacedPrice(lower: last.price, upper: last.price, upperShare: 1, worth: last.worth)
        }
        let (below, above) = (points[low - 1], points[low])
        return PacedPrice(
            lower: below.price, upper: above.price, upperShare: (below.calls - perJob) / (below.calls - above.calls),
            worth: above.worth)
    }
}
