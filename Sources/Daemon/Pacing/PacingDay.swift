import Domain
import Storage
import Switching

/// One day of a queue: when it begins and ends, and what the days before say about its jobs.
struct PacingDay: Sendable {
    /// The past days that are looked at.
    static let pastDays: Int64 = 28

    let zone: Zone
    let day: DayKey
    let interval: Range<Timestamp>
    let arrivals: ArrivalModel

    /// The part of the day that has passed, 0..<1.
    func fraction(at now: Timestamp) -> Double {
        let length = Double(interval.upperBound.milliseconds - interval.lowerBound.milliseconds)
        return min(max(Double(now.milliseconds - interval.lowerBound.milliseconds) / length, 0), 1)
    }

    /// The seconds that are left of it.
    func seconds(after now: Timestamp) -> Double {
        Double(max(interval.upperBound.milliseconds - now.milliseconds, 0)) / 1000
    }

    static func load(_ queue: QueueName, _ zone: Zone, now: Timestamp, _ reader: StoreReader) async throws -> PacingDay
    {
        let day = try zone.day(at: now)
        // A zone that repeats an hour at midnight has instants before its day's start that belong to it.
        let start = min(try zone.start(of: day), now)
        let first = try zone.start(of: DayKey(daysSinceEpoch: day.daysSinceEpoch - pastDays))
        let past = try await reader.arrivals(queue, slots: Arrival.slot(of: first)..<Arrival.slot(of: start))
        return PacingDay(
            zone: zone, day: day, interval: start..<(try zone.nextDay(after: now)),
            arrivals: ArrivalModel(days: try slots(of: past, until: day, zone)))
    }

    /// The jobs of each slot of each day, from the first that had any to yesterday: before it there was no queue, after
    /// it a day without jobs is a day.
    private static func slots(of arrivals: [Arrival], until today: DayKey, _ zone: Zone) throws(ZoneError) -> [[Int]] {
        guard let first = arrivals.first else { return [] }
        let firstDay = try zone.day(at: first.start).daysSinceEpoch
        let none = [Int](repeating: 0, count: Arrival.slotsOfDay)
        var days = Array(repeating: none, count: Int(max(today.daysSinceEpoch - firstDay, 0)))
        for arrival in arrivals {
            let day = Int(try zone.day(at: arrival.start).daysSinceEpoch - firstDay)
            guard days.indices.contains(day) else { continue }
            let slot = Int(try zone.dayFraction(at: arrival.start) * Double(Arrival.slotsOfDay))
            days[day][min(slot, Arrival.slotsOfDay - 1)] += arrival.jobCount
        }
        return days
    }
}
