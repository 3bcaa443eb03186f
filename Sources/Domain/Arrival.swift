/// How many jobs a queue was given in one quarter of an hour.
///
/// Slots are of the clock and not of a day: every zone's midnight lies between two of them, so what was counted stays
/// right when a queue's zone changes, and a daylight-saving day has as many as it has.
package struct Arrival: Hashable, Sendable {
    /// Slots since 1970-01-01T00:00:00Z.
    package var slot: Int64
    package var jobCount: Int

    package init(slot: Int64, jobCount: Int) {
        self.slot = slot
        self.jobCount = jobCount
    }

    package static let slotMilliseconds: Int64 = 900_000
    /// Slots of a day of 24 hours.
    package static let slotsOfDay = 96

    /// The slot of an instant.
    package static func slot(of instant: Timestamp) -> Int64 {
        let (quotient, remainder) = instant.milliseconds.quotientAndRemainder(dividingBy: slotMilliseconds)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// When the slot began.
    package var start: Timestamp { Timestamp(milliseconds: slot * Self.slotMilliseconds) }
}
