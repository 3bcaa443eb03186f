import Storage

/// Does something with the store, and while the store cannot be written for a passing reason (a full disk, an I/O error,
/// a read-only file system) tries again once a second: what was generated and what was decided are kept until they can
/// be recorded. Any other failure is thrown.
///
/// A job that is cancelled meanwhile does not end the tries, because the use of its step is no less real; only the
/// daemon's abort does, with a `CancellationError`.
func keepingTrying<Result: Sendable>(
    _ log: Log, _ subject: String, _ shutdown: Shutdown, _ body: () async throws -> Result
) async throws -> Result {
    var told: StorageError?
    while true {
        do {
            let result = try await body()
            if told != nil { log.notice("\(subject): recorded, the state can be written again") }
            return result
        } catch let error as StorageError where error.isPassing {
            // Once is enough for a log on what may be the same full disk.
            if error != told { log.error("\(subject): \(error)") }
            told = error
        }
        guard await shutdown.sleep(for: .seconds(1)) else { throw CancellationError() }
    }
}
