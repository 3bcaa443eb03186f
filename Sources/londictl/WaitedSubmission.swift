import Control
import Domain

/// What `submit --wait --json` prints: one object that says what was queued and how it ended.
struct WaitedSubmission: Encodable {
    /// A prompt's; of a file `batch` and `jobCount` are set.
    var job: JobID?
    var batch: BatchID?
    var jobCount: Int?
    var duplicate: Bool
    var counts: JobCounts
    /// Why the one job failed.
    var fault: String?
    var faultCode: String?
    /// Of a prompt's job that has an answer.
    var outcome: Outcome?
}
