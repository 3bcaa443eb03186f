package import Domain

/// What became of a job submitted alone.
package struct Submission: Hashable, Sendable {
    package let job: JobID
    /// The batch of an earlier job with the same key; nil otherwise.
    package let batch: BatchID?
    /// The user gave this key before: `job` is the job of then, whatever it asked for.
    package let isDuplicate: Bool

    package init(job: JobID, batch: BatchID?, isDuplicate: Bool) {
        self.job = job
        self.batch = batch
        self.isDuplicate = isDuplicate
    }
}

/// What became of a batch whose last line was appended.
package struct BatchCommit: Hashable, Sendable {
    package let batch: BatchID
    package let jobCount: Int
    /// The same user submitted the same file to the same queue before: `batch` is the batch of then.
    package let isDuplicate: Bool

    package init(batch: BatchID, jobCount: Int, isDuplicate: Bool) {
        self.batch = batch
        self.jobCount = jobCount
        self.isDuplicate = isDuplicate
    }
}
