import Domain
import Switching
import Synchronization

/// The policies in force, one per queue: immutable snapshots that episodes read; the learner and administrators replace
/// them.
final class PolicyBook: Sendable {
    private struct Entry {
        var policy: Policy?
        var event: Int64
    }

    private let entries = Mutex<[QueueName: Entry]>([:])

    /// The queue's policy; nil before the first is published, and where the one in force does not fit what runs.
    func policy(of queue: QueueName) -> Policy? { entries.withLock { $0[queue]?.policy } }

    /// The queue's policy where it weighs the features of `encoder`.
    func policy(of queue: QueueName, for encoder: any FeatureEncoder) -> Policy? {
        policy(of: queue).flatMap { $0.encoderIdentity == encoder.identity ? $0 : nil }
    }

    /// - Parameter event: the sequence of the event by which it came in force. What a later event has published stays.
    func publish(_ policy: Policy?, as event: Int64, for queue: QueueName) {
        entries.withLock { entries in
            guard event >= entries[queue]?.event ?? 0 else { return }
            entries[queue] = Entry(policy: policy, event: event)
        }
    }
}
