import Domain
import Storage
import Synchronization

/// What the whole ledger adds up to: read once, and from then on only what is new, so that a counter goes on after every
/// start where it was and telling it costs little.
final class SpendTotals: Sendable {
    private let reader: StoreReader
    private let sums = Mutex(LedgerSums())

    init(reader: StoreReader) { self.reader = reader }

    /// As of now.
    func current() async throws(StorageError) -> LedgerSums {
        while true {
            let known = sums.withLock(\.self)
            let whole = known.extended(by: try await reader.ledgerSums(after: known.last))
            let isWhole = sums.withLock { sums in
                // Somebody else has counted the same entries meanwhile.
                guard sums.last == known.last else { return false }
                sums = whole
                return true
            }
            if isWhole { return whole }
        }
    }
}
