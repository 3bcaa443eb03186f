import Control
import Domain
import Storage

/// Does something with the store for a client, whose errors it tells the client.
func answering<Result: Sendable>(
    _ body: () async throws(StorageError) -> Result
) async throws(ControlError) -> Result {
    do throws(StorageError) { return try await body() } catch { throw ControlError(error) }
}

extension ControlError {
    /// What a client is told where the store refuses or fails.
    init(_ error: StorageError) {
        switch error {
        case .noSuchQueue(let name): self = .notFound(kind: "queue", name: name.text)
        case .noSuchBatch(let batch): self = .notFound(kind: "batch", name: batch.description)
        case .noSuchJob(let job): self = .notFound(kind: "job", name: job.description)
        case .queueExists(let name):
            self = .conflict(
                what: "queue \(name) exists already", remedy: "change it with `londictl queue set \(name)`")
        case .queueDraining(let name):
            self = .conflict(
                what: "queue \(name) is draining and takes no new jobs",
                remedy: "use another queue, or open it with `londictl queue resume \(name)`")
        case .invalidSettings(let queue, let complaint):
            self = .invalidArgument(argument: "settings", value: queue.text, remedy: complaint)
        case .nothingToGrant(let queue, let unit):
            self = .conflict(
                what: "queue \(queue) has no limit in \(unit.rawValue), so nothing can be added to it",
                remedy: "grant a unit that is limited, or set a limit first with `londictl queue set \(queue)`")
        case .invalidGrant(_, let argument, let value, let remedy):
            self = .invalidArgument(argument: argument, value: value, remedy: remedy)
        case .notAhead(let queue, let day):
            self = .conflict(
                what: "queue \(queue) is on no later day than the clock's, \(day)",
                remedy: "there is nothing to set right; where the clock is wrong, set it first")
        case .batchNotOpen, .emptyBatch, .idempotencyKeyInUse:
            self = .conflict(what: "\(error)", remedy: "nothing was queued")
        case .jobNotCompleted(let job, let state):
            self = .conflict(
                what: "job \(job) is \(state.rawValue)", remedy: "only completed jobs take feedback")
        case .rewardOutOfRange(let job):
            self = .invalidArgument(
                argument: "reward", value: "job \(job)", remedy: "give a finite number such as 0.5")
        case .rewardOutsideQueue(_, let reward, let queue, let rewards):
            self = .invalidArgument(
                argument: "reward", value: "\(reward)",
                remedy: "use a number from \(rewards.lowerBound) to \(rewards.upperBound), the range of queue \(queue)")
        case .noSuchLine, .tooMany: self = .conflict(what: "\(error)", remedy: "nothing was changed")
        case .jobNotRetryable(let job, let complaint, let remedy):
            self = .conflict(what: "job \(job) \(complaint)", remedy: remedy)
        case .noSuchPolicy(let queue, let version, let prunedAt):
            self = .notFound(
                kind: "policy", name: "\(version) of queue \(queue)\(prunedAt == nil ? "" : " (its weights are gone)")")
        case .noEarlierPolicy(let queue):
            self = .conflict(
                what: "queue \(queue) has no earlier policy to go back to",
                remedy: "`londictl policy versions \(queue)` lists those that it has")
        case .policyFrozen(let queue):
            self = .conflict(
                what: "the policy of queue \(queue) is frozen already",
                remedy: "`londictl policy thaw \(queue)` ends that")
        case .policyNotFrozen(let queue):
            self = .conflict(
                what: "the policy of queue \(queue) is not frozen", remedy: "there is nothing to thaw")
        case .policyVersionTaken(let queue, let version):
            self = .conflict(
                what: "queue \(queue) has got another policy \(version) meanwhile", remedy: "try again")
        case .diskFull(let path): self = .storageFull(path: path)
        case .fault(let path, let reason), .syncFailed(let path, let reason), .corrupt(let path, let reason),
            .moved(let path, let reason):
            self = .storageFault(path: path, reason: reason)
        default: self = .unavailable(what: "\(error)")
        }
    }
}

extension User {
    /// Who calls, as the books name them.
    init(_ peer: Peer) { self.init(uid: peer.uid, name: peer.userName) }
}
