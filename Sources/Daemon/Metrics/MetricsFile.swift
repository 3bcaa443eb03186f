import Control
import Glibc

/// The metrics as a file for the node exporter's textfile collector: written anew a few times a minute, each time whole.
struct MetricsFile: Sendable {
    let path: String
    let seconds: Int
    let log: Log
    let metrics: @Sendable () async throws(ControlError) -> String

    /// Writes until the task is cancelled; then the file goes, since nobody keeps it true.
    func run() async throws {
        defer { unlink(path) }
        var complaint: String?
        while !Task.isCancelled {
            do throws(ControlError) {
                try write(try await metrics())
                complaint = nil
            } catch {
                // Once for each reason: the next round may do better.
                if complaint != error.description { log.warning("the metrics are not written: \(error)") }
                complaint = error.description
            }
            try await Task.sleep(for: .seconds(seconds))
        }
    }

    /// Readers see the old file or the new one. Whoever may enter the directory may read it: it names no user and no job.
    private func write(_ text: String) throws(ControlError) {
        // The collector reads what ends in .prom.
        let beside = "\(path).new"
        let descriptor = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw failure(beside) }
        let bytes = Array(text.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            written += count
        }
        let isWhole = written == bytes.count && fchmod(descriptor, 0o644) == 0
        let error = isWhole ? nil : failure(beside)
        close(descriptor)
        if let error { throw error }
        guard rename(beside, path) == 0 else { throw failure(path) }
    }

    private func failure(_ path: String) -> ControlError {
        .storageFault(path: path, reason: String(cString: strerror(errno)))
    }
}
