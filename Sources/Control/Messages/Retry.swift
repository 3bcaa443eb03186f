package import Domain

/// Tries jobs again that failed or timed out: each begins a new episode and waits as when it was submitted. Names either
/// jobs, all or none of which are retried, or the failed jobs of a batch, of a queue or of all queues. Members retry their
/// own.
package enum Retry: ControlMethod {
    package static let name = "io.londi.Retry"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var jobs: [JobID]?
        package var batch: BatchID?
        package var queue: QueueName?
        /// true: jobs that were cancelled too.
        package var cancelled: Bool?
        /// A new deadline for each of them.
        package var deadline: Timestamp?

        package init(
            jobs: [JobID]? = nil, batch: BatchID? = nil, queue: QueueName? = nil, cancelled: Bool? = nil,
            deadline: Timestamp? = nil
        ) {
            self.jobs = jobs
            self.batch = batch
            self.queue = queue
            self.cancelled = cancelled
            self.deadline = deadline
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// Jobs that wait again.
        package var count: Int

        package init(count: Int) {
            self.count = count
        }
    }
}
