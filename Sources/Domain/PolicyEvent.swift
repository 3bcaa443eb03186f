/// What became of a version of a policy when it was made.
package enum PolicyVerdict: String, Codable, Sendable, CaseIterable {
    /// Put in force without a trial, as the queue had too few episodes for one.
    case cold
    /// Its trial found it no worse than the version in force.
    case passed
    /// Kept, and not put in force.
    case refused
    /// An administrator put it in force without a trial.
    case forced
}

/// Who is estimated in a version's trial.
package enum PolicyContestant: String, Codable, Sendable, CaseIterable {
    case candidate
    /// The version that was in force.
    case incumbent
    case alwaysQuick = "always-quick"
    case alwaysDeepthink = "always-deepthink"
}

/// One change of what a queue's policy does, and the state that it left: the newest event of a queue is its state.
package struct PolicyEvent: Hashable, Codable, Sendable {
    package enum Action: String, Codable, Sendable, CaseIterable {
        /// A version came in force without a trial, while the queue was cold.
        case adopt
        /// A version came in force after it had passed its trial.
        case promote
        case freeze
        case thaw
        case rollback
        /// An administrator put a version from a file in force.
        case `import`
    }

    /// Counts the events of all queues.
    package var sequence: Int64
    package var at: Timestamp
    package var action: Action
    /// The version in force from here on; nil before the first.
    package var version: Int64?
    /// Nothing is learnt and no version comes in force until the policy is thawed.
    package var isFrozen: Bool
    /// The model that is preferred at every step in place of the version's own choice.
    package var standIn: Role?
    package var reason: String
    /// Who did it; nil: londid itself.
    package var user: String?
    /// The queue's last outcome at that time.
    package var afterOutcome: Int64

    package init(
        sequence: Int64, at: Timestamp, action: Action, version: Int64?, isFrozen: Bool, standIn: Role? = nil,
        reason: String, user: String? = nil, afterOutcome: Int64
    ) {
        self.sequence = sequence
        self.at = at
        self.action = action
        self.version = version
        self.isFrozen = isFrozen
        self.standIn = standIn
        self.reason = reason
        self.user = user
        self.afterOutcome = afterOutcome
    }
}
