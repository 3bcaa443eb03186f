package import Domain

/// Who changed what, and when.
package struct AdminEvent: Hashable, Sendable {
    package let sequence: Int64
    package let at: Timestamp
    package let user: User
    /// Such as `queue.set`.
    package let action: String
    package let subject: String
    package let detail: String
}
