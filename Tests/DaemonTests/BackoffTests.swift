import Domain
import Testing

@testable import Daemon

/// A server that comes back must not be met by all jobs at once, nor wait long for the first of them.
@Suite struct Backoffs {
    private static let table: [Int64] = [1_000, 4_000, 16_000, 64_000, 256_000, 300_000, 300_000, 300_000]

    @Test func `waits grow fourfold to five minutes, within a quarter`() {
        for (failed, wait) in Self.table.enumerated() {
            for job in Int64(1)...500 {
                let milliseconds = Backoff.milliseconds(
                    job: JobID(job), attempt: Int64(failed + 1), failedAttempts: failed)
                #expect((wait - wait / 4...wait + wait / 4).contains(milliseconds), "job \(job), \(failed) failed")
            }
        }
        #expect(Backoff.milliseconds(job: JobID(1), attempt: 1, failedAttempts: .max) <= 375_000)
    }

    /// The whole table of one job: a change of the hash changes it, and the same job waits the same again.
    @Test func `the same job and attempt wait the same`() {
        let waits = (0..<8).map { Backoff.milliseconds(job: JobID(7), attempt: Int64($0 + 1), failedAttempts: $0) }
        #expect(
            waits == (0..<8).map { Backoff.milliseconds(job: JobID(7), attempt: Int64($0 + 1), failedAttempts: $0) })
        #expect(waits == [768, 4_913, 14_128, 70_685, 280_182, 367_438, 263_284, 311_654])
    }

    @Test func `jobs that failed together spread over the whole half`() {
        let waits = (Int64(1)...1_000).map { Backoff.milliseconds(job: JobID($0), attempt: 1, failedAttempts: 0) }
        for bucket in Int64(0)..<10 {
            let range = 750 + bucket * 50..<800 + bucket * 50
            #expect((50...150).contains(waits.count { range.contains($0) }), "\(range)")
        }
    }
}
