import Domain
import Storage

extension BatchIntake {
    /// How many jobs go at once: everybody else waits for some milliseconds.
    private static let pageSize = 1000
    /// Between two pages, for everybody else.
    private static let pagePause = Duration.milliseconds(50)

    /// Removes what is stored of dropped batches, also of those that a crash cut off, until the task is cancelled. An idle
    /// londid is never woken by it.
    func removeDropped(log: Log, shutdown: Shutdown) async throws {
        while !Task.isCancelled {
            let version = drops.version
            do {
                for batch in undropped {
                    try await keepingTrying(log, "batch \(batch)", shutdown) { try await self.abandonAgain(batch) }
                    undropped.remove(batch)
                }
                while try await keepingTrying(
                    log, "dropped batches", shutdown, { try await self.store.removeDroppedJobs(limit: Self.pageSize) })
                    > 0
                {
                    try await Task.sleep(for: Self.pagePause)
                }
            } catch is CancellationError { return }
            await drops.changed(since: version)
        }
    }

    private func abandonAgain(_ batch: BatchID) async throws {
        do throws(StorageError) { try await store.abandonBatch(batch) } catch {
            switch error {
            case .batchNotOpen, .noSuchBatch:
                // The first time it was dropped, or accepted, and only the answer was lost.
                break
            default: throw error
            }
        }
    }
}
