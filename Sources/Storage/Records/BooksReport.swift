package import Domain

/// What an audit of the books found.
package struct BooksReport: Hashable, Sendable {
    package let entryCount: Int
    /// The last entry's seal, lower-case hexadecimal, for noting down elsewhere; nil for an empty ledger.
    package let lastHash: String?
    /// Administrative events.
    package let eventCount: Int
    /// Events from before this instant were sealed then, by an upgrade: nothing had guarded them. nil: there are none.
    package let eventsSealedAt: Timestamp?
    /// Empty where everything agrees. At most `mostDifferencesPerCheck` for each check.
    package let differences: [BookDifference]
}

/// How far an audit of the books is.
package struct BooksProgress: Hashable, Sendable {
    /// What is being checked.
    package let check: BookCheck
    /// Ledger entries whose seals were recomputed.
    package let entryCount: Int
    /// All ledger entries.
    package let total: Int
}

/// One place where the books do not agree.
package struct BookDifference: Hashable, Sendable, CustomStringConvertible {
    package let check: BookCheck
    /// The rows concerned, such as `ledger entry 7`.
    package let subject: String
    package let expected: String
    package let found: String

    package var description: String { "\(check.rawValue): \(subject): expected \(expected), found \(found)" }
}
