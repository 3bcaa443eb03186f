package import Domain

/// Something that an administrator or a user changed, as the events have it.
package struct EventView: Hashable, Codable, Sendable {
    /// Counts the events.
    package var sequence: Int64
    package var at: Timestamp
    package var user: String
    /// Such as queue.set, budget.grant, policy.freeze, job.cancel.
    package var action: String
    /// What was changed: the name of a queue, the number of a job.
    package var subject: String
    /// `NAME=VALUE` of what was made, `NAME=OLD->NEW` of what was changed, with spaces between them.
    package var detail: String

    package init(
        sequence: Int64, at: Timestamp, user: String, action: String, subject: String, detail: String
    ) {
        self.sequence = sequence
        self.at = at
        self.user = user
        self.action = action
        self.subject = subject
        self.detail = detail
    }
}

/// Who changed what and when, newest first.
package enum ListEvents: ControlMethod {
    package static let name = "io.londi.ListEvents"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        /// Only of these actions; null: of all.
        package var actions: [String]?
        /// Only of this subject.
        package var subject: String?
        /// Only events with a smaller number.
        package var before: Int64?
        /// At least 1; null is 100.
        package var limit: Int?

        package init(
            actions: [String]? = nil, subject: String? = nil, before: Int64? = nil, limit: Int? = nil
        ) {
            self.actions = actions
            self.subject = subject
            self.before = before
            self.limit = limit
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var events: [EventView]

        package init(events: [EventView]) {
            self.events = events
        }
    }
}
