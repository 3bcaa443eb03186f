import Storage
import Synchronization

/// How often jobs have ended since the state began: counted once, and from then on only where jobs had not ended.
final class EndTotals: Sendable {
    private let reader: StoreReader
    private let known = Mutex(JobEnds())

    init(reader: StoreReader) { self.reader = reader }

    /// As of now.
    func current() async throws(StorageError) -> JobEnds.Counts {
        let ends = try await reader.jobEnds(knowing: known.withLock(\.self))
        known.withLock { $0 = ends }
        return ends.counts
    }
}
