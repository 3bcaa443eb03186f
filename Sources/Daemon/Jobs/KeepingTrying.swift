import Storage

/// Does something with the store, and while the disk is full tries again once a second: what was generated and what was
/// decided are kept until they can be recorded. Any other failure is thrown.
func keepingTrying<Result: Sendable>(
    _ log: Log, _ subject: String, _ body: () async throws -> Result
) async throws -> Result {
    while true {
        do {
            return try await body()
        } catch StorageError.diskFull(let path) {
            log.error("\(subject): \(StorageError.diskFull(path: path))")
        }
        try await Task.sleep(for: .seconds(1))
    }
}
