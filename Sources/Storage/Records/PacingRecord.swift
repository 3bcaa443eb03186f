package import Domain

/// What the store knows of the rest of a queue's day.
package struct PacingRecord: Hashable, Sendable {
    /// Jobs that wait and may run before the day's end, as far as they were counted.
    package let waitingCount: Int
    package let runningCount: Int
    /// Jobs that have come since the day began.
    package let arrivedCount: Int
    /// The sum of the DEEPTHINK calls of the last days.
    package let settled: Spend
}
