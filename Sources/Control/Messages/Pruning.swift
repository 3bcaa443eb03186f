package import Domain

/// Prunes jobs that ended before an instant; their ledger entries stay. With more: a reply after each step, without:
/// one when all is done. Errors: NotFound (queue), InvalidArgument.
package enum Prune: ControlMethod {
    package static let name = "io.londi.Prune"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        /// null: all queues.
        package var queue: QueueName?
        /// null: as each queue's retention says.
        package var before: Timestamp?
        /// Only counts what would go.
        package var dryRun: Bool

        package init(queue: QueueName? = nil, before: Timestamp? = nil, dryRun: Bool) {
            self.queue = queue
            self.before = before
            self.dryRun = dryRun
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        /// Jobs pruned so far.
        package var jobs: Int
        package var finished: Bool

        package init(jobs: Int, finished: Bool) {
            self.jobs = jobs
            self.finished = finished
        }
    }
}
