package import Domain

/// Which entries of the ledger to sum up.
package struct SpendFilter: Hashable, Sendable {
    /// Steps that began on one of these days, each in its queue's zone.
    package var days: ClosedRange<DayKey>
    package var queue: QueueName?
    package var uid: UInt32?
    /// Queues whose window begins later than `days`.
    package var firstDays: [QueueName: DayKey]

    package init(
        days: ClosedRange<DayKey>, queue: QueueName? = nil, uid: UInt32? = nil, firstDays: [QueueName: DayKey] = [:]
    ) {
        self.days = days
        self.queue = queue
        self.uid = uid
        self.firstDays = firstDays
    }
}
