package import Domain

/// A queue as it is now.
package struct QueueRecord: Hashable, Sendable {
    package let name: QueueName
    package let settings: QueueSettings
    package let createdAt: Timestamp
    package let pendingCount: Int
    package let heldCount: Int
    package let runningCount: Int
}
