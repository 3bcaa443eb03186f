import Domain

/// What a command waits for.
enum WaitTarget: Sendable, CustomStringConvertible {
    case job(JobID)
    case batch(BatchID)
    /// All that a draining queue has left.
    case queue(QueueName)

    init(_ target: Target) {
        self =
            switch target {
            case .job(let job): .job(job)
            case .batch(let batch): .batch(batch)
            }
    }

    var job: JobID? { if case .job(let job) = self { job } else { nil } }
    var batch: BatchID? { if case .batch(let batch) = self { batch } else { nil } }
    var queue: QueueName? { if case .queue(let queue) = self { queue } else { nil } }
    /// The command that goes on waiting.
    var comingBack: String { queue.map { "londictl queue drain \($0) --wait" } ?? "londictl wait \(self)" }
    var description: String {
        switch self {
        case .job(let job): job.description
        case .batch(let batch): batch.description
        case .queue(let queue): queue.description
        }
    }
}
