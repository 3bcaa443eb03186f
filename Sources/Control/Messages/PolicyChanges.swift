package import Domain

/// A queue's policy and its newest event, the state that it is in.
package struct PolicyStateView: Hashable, Codable, Sendable {
    package var queue: QueueName
    /// null before the first version.
    package var state: PolicyEvent?

    package init(queue: QueueName, state: PolicyEvent? = nil) {
        self.queue = queue
        self.state = state
    }
}

/// What every queue's policy does, all queues by name.
package enum ListPolicies: ControlMethod {
    package static let name = "io.londi.ListPolicies"
    package static let needs = Authority.member

    package typealias Parameters = NoFields

    package struct Reply: Hashable, Codable, Sendable {
        package var policies: [PolicyStateView]

        package init(policies: [PolicyStateView]) {
            self.policies = policies
        }
    }
}

/// What changed a queue's policy, newest first.
package enum ListPolicyEvents: ControlMethod {
    package static let name = "io.londi.ListPolicyEvents"
    package static let needs = Authority.member

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        package var limit: Int?

        package init(queue: QueueName, limit: Int? = nil) {
            self.queue = queue
            self.limit = limit
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var events: [PolicyEvent]

        package init(events: [PolicyEvent]) {
            self.events = events
        }
    }
}

/// Freezes a queue's policy: nothing is learnt and no version comes in force until it is thawed.
package enum FreezePolicy: ControlMethod {
    package static let name = "io.londi.FreezePolicy"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        package var reason: String?

        package init(queue: QueueName, reason: String? = nil) {
            self.queue = queue
            self.reason = reason
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var event: PolicyEvent

        package init(event: PolicyEvent) {
            self.event = event
        }
    }
}

/// Lets a frozen policy's version choose again, and learning go on.
package enum ThawPolicy: ControlMethod {
    package static let name = "io.londi.ThawPolicy"
    package static let needs = Authority.admin

    package typealias Parameters = FreezePolicy.Parameters
    package typealias Reply = FreezePolicy.Reply
}

/// Puts an earlier version of a queue's policy in force, and freezes it.
package enum RollBackPolicy: ControlMethod {
    package static let name = "io.londi.RollBackPolicy"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        /// null: the one that was in force before the present one.
        package var version: Int64?
        package var reason: String?

        package init(queue: QueueName, version: Int64? = nil, reason: String? = nil) {
            self.queue = queue
            self.version = version
            self.reason = reason
        }
    }

    package typealias Reply = FreezePolicy.Reply
}

/// A version of a queue's policy as a file holds it. For administrators: it tells of everybody's prompts.
package enum ExportPolicy: ControlMethod {
    package static let name = "io.londi.ExportPolicy"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        /// null: the one in force.
        package var version: Int64?

        package init(queue: QueueName, version: Int64? = nil) {
            self.queue = queue
            self.version = version
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var version: Int64
        /// Its bytes, in base64.
        package var data: String
        /// Of its bytes, lower-case hexadecimal.
        package var sha256: String

        package init(version: Int64, data: String, sha256: String) {
            self.version = version
            self.data = data
            self.sha256 = sha256
        }
    }
}

/// Makes a policy from a file a queue's next version. It comes in force where its trial finds it no worse than the one
/// that is, or by force.
package enum ImportPolicy: ControlMethod {
    package static let name = "io.londi.ImportPolicy"
    package static let needs = Authority.admin

    package struct Parameters: Hashable, Codable, Sendable {
        package var queue: QueueName
        /// The file's bytes, in base64.
        package var data: String
        /// Without a trial.
        package var force: Bool

        package init(queue: QueueName, data: String, force: Bool) {
            self.queue = queue
            self.data = data
            self.force = force
        }
    }

    package struct Reply: Hashable, Codable, Sendable {
        package var version: PolicyVersionView

        package init(version: PolicyVersionView) {
            self.version = version
        }
    }
}
