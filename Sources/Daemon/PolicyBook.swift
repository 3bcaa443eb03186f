import Domain
import Switching
import Synchronization

/// The policies in force, one per queue: immutable snapshots that episodes read and the learner replaces.
final class PolicyBook: Sendable {
    private let policies = Mutex<[QueueName: Policy]>([:])

    /// The queue's policy; nil before the first is published.
    func policy(of queue: QueueName) -> Policy? { policies.withLock { $0[queue] } }

    /// The queue's policy where it weighs the features of `encoder`.
    func policy(of queue: QueueName, for encoder: any FeatureEncoder) -> Policy? {
        policy(of: queue).flatMap { $0.encoderIdentity == encoder.identity ? $0 : nil }
    }

    func publish(_ policy: Policy, for queue: QueueName) {
        policies.withLock { $0[queue] = policy }
    }
}
