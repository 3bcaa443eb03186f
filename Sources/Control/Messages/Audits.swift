/// One place where the books do not agree.
package struct BookDifferenceView: Hashable, Codable, Sendable {
    /// What was checked: chain, file, budget-days, steps, reservations, jobs, outcomes or pruned.
    package var check: String
    /// The rows concerned, such as `ledger entry 7`.
    package var subject: String
    package var expected: String
    package var found: String

    package init(check: String, subject: String, expected: String, found: String) {
        self.check = check
        self.subject = subject
        self.expected = expected
        self.found = found
    }
}

/// Recomputes the whole ledger and everything that must agree with it. Reads the whole database.
package enum VerifyBooks: ControlMethod {
    package static let name = "io.londi.VerifyBooks"
    package static let needs = Authority.admin

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        /// Ledger entries.
        package var entries: Int
        /// The last entry's seal, for noting down elsewhere; null for an empty ledger.
        package var lastHash: String?
        /// Empty where everything agrees.
        package var differences: [BookDifferenceView]

        package init(entries: Int, lastHash: String?, differences: [BookDifferenceView]) {
            self.entries = entries
            self.lastHash = lastHash
            self.differences = differences
        }
    }
}
