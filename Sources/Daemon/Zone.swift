import CSystem
package import Domain

/// An IANA time zone, by glibc's reading of the system's zone database.
package struct Zone: Hashable, Sendable {
    package let name: String

    /// - Throws: `ZoneError` for a zone that the system does not have: never a silent UTC.
    package init(_ name: String) throws(ZoneError) {
        var day: Int64 = 0
        // A C string ends at its first NUL, and would name another zone.
        guard !name.utf8.contains(0), londi_zone_day(name, 0, &day) == 0 else { throw ZoneError(name: name) }
        self.name = name
    }

    /// The calendar day of an instant.
    package func day(at instant: Timestamp) throws(ZoneError) -> DayKey {
        var day: Int64 = 0
        guard londi_zone_day(name, floorSeconds(instant), &day) == 0 else { throw ZoneError(name: name) }
        return DayKey(daysSinceEpoch: day)
    }

    /// The local time of day, 0 at midnight, below 1.
    package func dayFraction(at instant: Timestamp) throws(ZoneError) -> Double {
        var second: Int32 = 0
        guard londi_zone_second_of_day(name, floorSeconds(instant), &second) == 0 else { throw ZoneError(name: name) }
        return Double(second) / 86_400
    }

    /// The first second of the next calendar day that begins after `instant`: by bisection, so that days of 23 and 25
    /// hours, and days that a zone skips, need no arithmetic of their own.
    package func nextDay(after instant: Timestamp) throws(ZoneError) -> Timestamp {
        let today = try day(at: instant)
        var before = floorSeconds(instant)
        var after = before + 49 * 3600
        while after - before > 1 {
            let middle = before + (after - before) / 2
            if try day(at: Timestamp(milliseconds: middle * 1000)) > today { after = middle } else { before = middle }
        }
        return Timestamp(milliseconds: after * 1000)
    }

    /// The first instant of a calendar day, or of the next one that the zone has: a day may be skipped, and its midnight
    /// may not exist.
    package func start(of day: DayKey) throws(ZoneError) -> Timestamp {
        // No zone is ever a whole day away from UTC.
        var before = (day.daysSinceEpoch - 1) * 86_400 - 3600
        var after = (day.daysSinceEpoch + 1) * 86_400 + 3600
        while after - before > 1 {
            let middle = before + (after - before) / 2
            if try self.day(at: Timestamp(milliseconds: middle * 1000)) >= day {
                after = middle
            } else {
                before = middle
            }
        }
        return Timestamp(milliseconds: after * 1000)
    }

    /// When the budget of `day` gives way to the next one's. After a clock that was set ahead and back that is not the
    /// next midnight, but the end of the day in force.
    package func reset(of day: DayKey, now: Timestamp) throws(ZoneError) -> Timestamp {
        let today = try self.day(at: now)
        // The day turned since its budget was read.
        if day < today { return now }
        if day == today { return try nextDay(after: now) }
        return try start(of: DayKey(daysSinceEpoch: day.daysSinceEpoch + 1))
    }

    private func floorSeconds(_ instant: Timestamp) -> Int64 {
        let (quotient, remainder) = instant.milliseconds.quotientAndRemainder(dividingBy: 1000)
        return remainder < 0 ? quotient - 1 : quotient
    }
}

/// A time zone that the system's zone database does not have, or no longer has.
package struct ZoneError: Error, Equatable, CustomStringConvertible {
    package let name: String

    package var description: String {
        "the system's zone database has no time zone '\(name)'; use a name such as Europe/Berlin or UTC,"
            + " and check that the package tzdata is installed"
    }
}
