package import Domain

extension Store {
    /// Freezes a queue's policy: nothing is learnt and no version comes in force until it is thawed.
    /// - Parameters:
    ///   - version: comes in force with it; nil: the one that is.
    ///   - standIn: the model to prefer at every step in place of the version's choice.
    ///   - user: nil: londid itself.
    /// - Throws: `.noSuchQueue`, `.policyFrozen`, `.noSuchPolicy`.
    package func freezePolicy(
        _ queue: QueueName, version: Int64? = nil, standIn: Role? = nil, reason: String, by user: User?, now: Timestamp
    ) throws(StorageError) -> PolicyEvent {
        try changePolicy(of: queue) { (state: PolicyEvent?) throws(StorageError) in
            guard state?.isFrozen != true else { throw .policyFrozen(queue) }
            if let version { try checkPolicy(version, of: queue) }
            return try recordPolicyEvent(
                .freeze, of: queue, version: version ?? state?.version, isFrozen: true, standIn: standIn,
                reason: reason,
                by: user, now: now)
        }
    }

    /// Lets the version in force choose again, and learning go on.
    /// - Throws: `.noSuchQueue`, `.policyNotFrozen`.
    package func thawPolicy(
        _ queue: QueueName, reason: String, by user: User, now: Timestamp
    ) throws(StorageError) -> PolicyEvent {
        try changePolicy(of: queue) { (state: PolicyEvent?) throws(StorageError) in
            guard let state, state.isFrozen else { throw .policyNotFrozen(queue) }
            return try recordPolicyEvent(
                .thaw, of: queue, version: state.version, isFrozen: false, standIn: nil, reason: reason, by: user,
                now: now)
        }
    }

    /// Puts an earlier version in force and freezes the policy, as the next refit would else replace it.
    /// - Parameter version: nil: the one that was in force before the present one.
    /// - Throws: `.noSuchQueue`, `.noSuchPolicy`, `.noEarlierPolicy`.
    package func rollBackPolicy(
        _ queue: QueueName, to version: Int64?, reason: String, by user: User, now: Timestamp
    ) throws(StorageError) -> PolicyEvent {
        try changePolicy(of: queue) { (state: PolicyEvent?) throws(StorageError) in
            let before = version == nil ? try database.policyVersion(before: state, of: queue) : version
            guard let version = before else { throw .noEarlierPolicy(queue) }
            try checkPolicy(version, of: queue)
            return try recordPolicyEvent(
                .rollback, of: queue, version: version, isFrozen: true, standIn: nil, reason: reason, by: user, now: now
            )
        }
    }

    private func changePolicy(
        of queue: QueueName, _ change: (PolicyEvent?) throws(StorageError) -> PolicyEvent
    ) throws(StorageError) -> PolicyEvent {
        try transaction { () throws(StorageError) in
            guard try settingsOfQueue(queue) != nil else { throw .noSuchQueue(queue) }
            return try change(try database.policyState(of: queue))
        }
    }

    private func checkPolicy(_ version: Int64, of queue: QueueName) throws(StorageError) {
        let count = try database.count(
            "SELECT count(*) AS n FROM policy_snapshot WHERE queue = ? AND version = ?", queue.text, version)
        guard count == 1 else {
            throw .noSuchPolicy(
                queue: queue, version: version, prunedAt: try database.prunedPolicy(version, of: queue)?.prunedAt)
        }
    }

    /// Appends an event, and for a user an administrative one too. Only within a transaction.
    func recordPolicyEvent(
        _ action: PolicyEvent.Action, of queue: QueueName, version: Int64?, isFrozen: Bool, standIn: Role?,
        reason: String, by user: User?, now: Timestamp
    ) throws(StorageError) -> PolicyEvent {
        let outcome = try database.lastOutcome(of: queue)
        let sequence = try database.insert(
            into: "policy_event",
            [
                "queue": queue.text, "at_ms": now.milliseconds, "action": action.rawValue, "version": version,
                "is_frozen": isFrozen, "stand_in": standIn?.rawValue, "reason": reason, "uid": user?.uid,
                "user": user?.name, "after_outcome": outcome,
            ])
        if let user, action != .import {
            let detail = "version=\(version.map { "\($0)" } ?? "none") reason=\(reason)"
            try recordEvent("policy.\(action.rawValue)", subject: queue.text, detail: detail, by: user, now: now)
        }
        return PolicyEvent(
            sequence: sequence, at: now, action: action, version: version, isFrozen: isFrozen, standIn: standIn,
            reason: reason, user: user?.name, afterOutcome: outcome)
    }
}
