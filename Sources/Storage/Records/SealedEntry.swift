package import Domain

/// An entry of the ledger as it is stored, with its seal.
package struct SealedEntry: Hashable, Sendable {
    package let entry: LedgerEntry
    /// The seal of the entry before, lower-case hexadecimal.
    package let previousHash: String
    /// Lower-case hexadecimal; as it is stored, whether or not it is the entry's.
    package let hash: String
}

/// Which entries of the ledger to read.
package struct LedgerFilter: Hashable, Sendable {
    /// Steps that began on one of these days.
    package var days: ClosedRange<DayKey>
    package var queue: QueueName?

    package init(days: ClosedRange<DayKey>, queue: QueueName? = nil) {
        self.days = days
        self.queue = queue
    }
}
