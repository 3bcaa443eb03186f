package import Domain
internal import Hashing

extension Store {
    /// The versions that a queue keeps: the newest ones, ever fewer of older ones, the one in force, and those by which jobs run.
    /// Each is some 50 KB.
    package static let mostPolicyVersions = 50
    /// So many of the newest are kept whatever their ages.
    private static let newestPolicyVersions = 10

    /// Keeps a policy as the queue's next version and, where its verdict says so, puts it in force: unless the queue's
    /// policy is frozen, or another version than the one it was tried against has come in force meanwhile.
    /// - Parameter user: who imports it; nil: londid itself.
    /// - Throws: `.noSuchQueue`, `.policyVersionTaken`.
    package func savePolicySnapshot(
        _ snapshot: NewPolicySnapshot, by user: User? = nil, now: Timestamp
    ) throws(StorageError) -> KeptPolicy {
        try transaction { () throws(StorageError) in
            guard try settingsOfQueue(snapshot.queue) != nil else { throw .noSuchQueue(snapshot.queue) }
            let version =
                try database.count(
                    "SELECT coalesce(max(version), 0) AS n FROM policy_snapshot WHERE queue = ?", snapshot.queue.text)
                + 1
            guard version == snapshot.version ?? version else {
                throw .policyVersionTaken(queue: snapshot.queue, version: snapshot.version ?? version)
            }
            try insert(snapshot, version: version, now: now)
            if let user {
                let detail = "version=\(version) verdict=\(snapshot.verdict.rawValue)"
                try recordEvent("policy.import", subject: snapshot.queue.text, detail: detail, by: user, now: now)
            }
            if user == nil { learningThrough[snapshot.queue] = nil }
            let event = try putInForce(snapshot, version: version, by: user, now: now)
            try prunePolicies(of: snapshot.queue, now: now)
            return KeptPolicy(version: version, event: event)
        }
    }

    private func insert(_ snapshot: NewPolicySnapshot, version: Int64, now: Timestamp) throws(StorageError) {
        _ = try database.insert(
            into: "policy_snapshot",
            [
                "queue": snapshot.queue.text, "version": version, "pair_key": snapshot.pairKey,
                "kind": snapshot.kind, "encoder": snapshot.encoder,
                "sha256": hexadecimal(SHA256.digest(of: snapshot.weights)),
                "weights": snapshot.weights, "trained_through_outcome": snapshot.trainedThroughOutcome,
                "episode_count": snapshot.episodeCount, "created_at_ms": now.milliseconds,
                "cost": snapshot.origin?.cost, "first_outcome": snapshot.origin?.firstOutcome,
                "trained_episodes": snapshot.origin?.trainedEpisodes, "prior_weight": snapshot.origin?.priorWeight,
                "user_episodes": snapshot.origin?.userEpisodes,
                "verdict": snapshot.verdict.rawValue,
                "is_imported": snapshot.isImported, "incumbent": snapshot.incumbent,
                "exploration_rate": snapshot.explorationRate,
            ])
        for contestant in PolicyContestant.allCases {
            guard let estimate = snapshot.trial[contestant] else { continue }
            _ = try database.insert(
                into: "policy_trial",
                [
                    "queue": snapshot.queue.text, "version": version, "contestant": contestant.rawValue,
                    "reward": estimate.reward.value, "reward_lower": estimate.reward.lower,
                    "reward_upper": estimate.reward.upper, "calls": estimate.calls.value,
                    "calls_lower": estimate.calls.lower, "calls_upper": estimate.calls.upper,
                    "net": estimate.net.value, "net_lower": estimate.net.lower, "net_upper": estimate.net.upper,
                    "episode_count": estimate.episodeCount, "effective_count": estimate.effectiveCount,
                    "unsupported_share": estimate.unsupportedShare,
                ])
        }
    }

    private func putInForce(
        _ snapshot: NewPolicySnapshot, version: Int64, by user: User?, now: Timestamp
    ) throws(StorageError) -> PolicyEvent? {
        let state = try database.policyState(of: snapshot.queue)
        let isFrozen = state?.isFrozen == true
        func record(_ action: PolicyEvent.Action, _ reason: String) throws(StorageError) -> PolicyEvent {
            try recordPolicyEvent(
                action, of: snapshot.queue, version: version, isFrozen: isFrozen, standIn: nil, reason: reason,
                by: user, now: now)
        }
        switch snapshot.verdict {
        case .refused: return nil
        case .forced: return try record(.import, "put in force without a trial")
        case .cold, .passed:
            guard !isFrozen, state?.version == snapshot.incumbent else { return nil }
            if snapshot.isImported { return try record(.import, "it passed its trial") }
            return snapshot.verdict == .cold
                ? try record(.adopt, "the queue is cold") : try record(.promote, "it passed its trial")
        }
    }

    /// Thins out the versions beyond those that a queue keeps; a `pruned_policy` takes the place of each.
    private func prunePolicies(of queue: QueueName, now: Timestamp) throws(StorageError) {
        var versions = try database.all(
            "SELECT version, created_at_ms FROM policy_snapshot WHERE queue = ? ORDER BY version", queue.text
        ) { (row: Row) throws(StorageError) in
            KeptVersion(number: try row.integer("version"), createdAt: try row.timestamp("created_at_ms"))
        }
        guard versions.count > Store.mostPolicyVersions else { return }
        let used = try usedPolicies(of: queue)
        while versions.count > Store.mostPolicyVersions {
            let mayGo = versions.indices.dropLast(Store.newestPolicyVersions).filter {
                !used.contains(versions[$0].number)
            }
            guard let index = KeptVersion.mostCrowded(mayGo, of: versions, now: now) else { return }
            try prunePolicy(versions.remove(at: index).number, of: queue, now: now)
        }
    }

    /// The version in force, and those that decided steps of jobs that run.
    private func usedPolicies(of queue: QueueName) throws(StorageError) -> Set<Int64> {
        let running = try database.all(
            """
            SELECT DISTINCT step.policy_version FROM job CROSS JOIN step ON step.episode = job.episode
            WHERE job.queue = ? AND job.state = 'running'
            """, queue.text
        ) { (row: Row) throws(StorageError) in try row.integer("policy_version") }
        return Set(running).union([try database.policyState(of: queue)?.version ?? 0])
    }

    private func prunePolicy(_ version: Int64, of queue: QueueName, now: Timestamp) throws(StorageError) {
        try database.run(
            """
            INSERT INTO pruned_policy (queue, version, sha256, created_at_ms, pruned_at_ms)
            SELECT queue, version, sha256, created_at_ms, ?3 FROM policy_snapshot WHERE queue = ?1 AND version = ?2
            """, queue.text, version, now.milliseconds)
        try database.run("DELETE FROM policy_snapshot WHERE queue = ? AND version = ?", queue.text, version)
    }
}

/// A version among those that a queue keeps.
private struct KeptVersion {
    let number: Int64
    let createdAt: Timestamp

    /// The version that is missed least: the one whose neighbours lie closest together, measured by its age. So the ages of
    /// those that are kept grow by a factor, and however fast new ones come, old ones stay, the first of all among them. Of
    /// equals the oldest.
    /// - Parameters:
    ///   - indices: of those that may go, in order.
    ///   - versions: oldest first.
    static func mostCrowded(_ indices: [Int], of versions: [KeptVersion], now: Timestamp) -> Int? {
        func gap(_ index: Int) -> Double {
            let at = versions[index].createdAt.milliseconds
            let newer = versions[min(versions.count - 1, index + 1)].createdAt.milliseconds
            guard index > 0 else { return newer > at ? .infinity : 0 }
            let older = versions[index - 1].createdAt.milliseconds
            return Double(max(0, newer - older)) / Double(max(1, now.milliseconds - at))
        }
        return indices.min { (gap($0), $0) < (gap($1), $1) }
    }
}
