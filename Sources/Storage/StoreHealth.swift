internal import Synchronization

/// Whether the state may be used at all. After a failed sync nobody knows what is on the disk, and a damaged file is not
/// written on: the first such error is kept, every later use of the writer gets it again, and whoever runs the store is
/// told once.
package final class StoreHealth: Sendable {
    private let first = Mutex<StorageError?>(nil)
    private let stream = AsyncStream<StorageError>.makeStream(bufferingPolicy: .bufferingOldest(1))

    init() {}

    /// The error after which the process must end without another write; the next start recovers.
    package var fatalErrors: AsyncStream<StorageError> { stream.stream }

    /// What ended the use of the state; nil while all is well.
    package var fatalError: StorageError? { first.withLock { $0 } }

    /// Keeps an error that ends the use of the state; any other is none of its business.
    func note(_ error: StorageError) {
        guard error.isFatal else { return }
        let isFirst = first.withLock { first in
            defer { first = first ?? error }
            return first == nil
        }
        if isFirst { stream.continuation.yield(error) }
    }

    /// - Throws: what ended the use of the state.
    func check() throws(StorageError) {
        if let error = fatalError { throw error }
    }
}
