import Domain

/// How many jobs a queue is still to get today, from the days before and the day so far.
///
/// Each past day says what came after this time of day. Days that had begun like this one count more, and newer ones
/// more than older: so a quiet morning foretells a quiet evening where it used to, and a day without jobs is a day that
/// counts; a day like none before is still somewhat like all of them. The day so far stands for another day, which would
/// go on at its own mean rate: it is all there is on a queue's first day, and has less to say with each.
/// - Source: Nadaraya, "On estimating regression", 1964 (the mean of neighbours by their nearness).
package struct ArrivalModel: Hashable, Sendable {
    /// For each past day, oldest first, the jobs that had come by the end of each slot of the day.
    private let sums: [[Double]]
    private let meanOfDay: Double

    /// What a day's weight loses by the next.
    private static let recency = 0.97
    /// A beginning of a day with so many times as many jobs, less 1, counts half as much as one with as many.
    private static let halfwayRatio = 1.0
    /// What a day counts for whose beginning has nothing to do with today's.
    private static let leastNearness = 0.02
    /// The weight of the day so far, in days: half a day on the first day, half of that after four days.
    private var ownWeight: Double { 0.5 / (1 + Double(dayCount) / 4) }

    /// - Parameter days: the jobs of each slot of each past day, oldest first, days without any job included.
    /// - Precondition: each day has `Arrival.slotsOfDay` slots (traps).
    package init(days: [[Int]]) {
        sums = days.map { slots in
            precondition(slots.count == Arrival.slotsOfDay, "a day has \(Arrival.slotsOfDay) slots, not \(slots.count)")
            var sum = 0.0
            return slots.map { count in
                sum += Double(count)
                return sum
            }
        }
        meanOfDay = sums.isEmpty ? 0 : sums.reduce(0) { $0 + ($1.last ?? 0) } / Double(sums.count)
    }

    /// Past days that are known.
    package var dayCount: Int { sums.count }

    /// The jobs of a whole day, whatever today is like; `today` where no past day is known.
    package func expectedOfDay(today: Double) -> Double { sums.isEmpty ? today : meanOfDay }

    /// The jobs that are still to come.
    /// - Parameters:
    ///   - fraction: the time of day, 0 at midnight, below 1.
    ///   - soFar: the jobs that have come today.
    package func expected(after fraction: Double, soFar: Int) -> Double {
        let soFar = Double(soFar)
        var weights = ownWeight
        var sum = ownWeight * soFar * (1 - fraction)
        var recency = 1.0
        // A few jobs more or less are no difference.
        let few = 1 + 0.05 * meanOfDay
        for day in sums.reversed() {
            let before = Self.jobs(of: day, before: fraction)
            let weight = recency * Self.nearness(soFar + few, before + few)
            weights += weight
            sum += weight * ((day.last ?? 0) - before)
            recency *= Self.recency
        }
        return sum / weights
    }

    /// 1 for the same number, 1/2 at the halfway ratio, and soon next to nothing.
    private static func nearness(_ left: Double, _ right: Double) -> Double {
        let distance = (max(left, right) / min(left, right) - 1) / halfwayRatio
        let square = distance * distance
        return max(1 / (1 + square * square), leastNearness)
    }

    /// Of a slot that has begun, the part of it that has passed.
    private static func jobs(of day: [Double], before fraction: Double) -> Double {
        let place = fraction * Double(Arrival.slotsOfDay)
        let slot = min(max(Int(place), 0), Arrival.slotsOfDay - 1)
        let before = slot == 0 ? 0 : day[slot - 1]
        return before + (day[slot] - before) * min(max(place - Double(slot), 0), 1)
    }
}
