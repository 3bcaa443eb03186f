package import Domain
internal import Hashing

extension StoreReader {
    /// What a queue's policy does now: its newest event; nil before the first.
    package func policyState(_ queue: QueueName) throws(StorageError) -> PolicyEvent? {
        try database.policyState(of: queue)
    }

    /// The newest events of a queue's policy, newest first.
    package func policyEvents(_ queue: QueueName, limit: Int) throws(StorageError) -> [PolicyEvent] {
        try database.all(
            "SELECT * FROM policy_event WHERE queue = ? ORDER BY seq DESC LIMIT ?", queue.text, limit
        ) { (row: Row) throws(StorageError) in try row.policyEvent() }
    }

    /// The version of a queue's policy that is in force, with its weights, and the event that says so; nil before the
    /// first.
    /// - Throws: `.damagedPolicy` where the weights do not have the hash they were stored with.
    package func policyInForce(
        _ queue: QueueName
    ) throws(StorageError) -> (snapshot: PolicySnapshot, state: PolicyEvent)? {
        try database.snapshot { () throws(StorageError) in
            guard let state = try database.policyState(of: queue), let version = state.version else { return nil }
            guard let snapshot = try policySnapshot(queue, version: version), let weights = snapshot.weights,
                hexadecimal(SHA256.digest(of: weights)) == snapshot.sha256
            else { throw .damagedPolicy(queue: queue, version: version) }
            return (snapshot, state)
        }
    }

    /// The version that was in force before the present one; nil where there was none that is still kept.
    package func policyVersionBefore(_ queue: QueueName) throws(StorageError) -> Int64? {
        try database.snapshot { () throws(StorageError) in
            try database.policyVersion(before: try database.policyState(of: queue), of: queue)
        }
    }

    /// One policy of a queue with its weights, whether or not they have their hash; nil where there is none.
    package func policySnapshot(_ queue: QueueName, version: Int64) throws(StorageError) -> PolicySnapshot? {
        let trials = try trials(of: queue, version: version)
        return try database.first(
            "SELECT * FROM policy_snapshot WHERE queue = ? AND version = ?", queue.text, version
        ) { (row: Row) throws(StorageError) in
            try row.policySnapshot(weights: row.blob("weights"), trial: trials[version] ?? [:])
        }
    }

    /// All kept policies of a queue without their weights, oldest first.
    package func policyVersions(_ queue: QueueName) throws(StorageError) -> [PolicySnapshot] {
        try database.snapshot { () throws(StorageError) in
            let trials = try trials(of: queue, version: nil)
            return try database.all(
                """
                SELECT queue, version, pair_key, kind, encoder, sha256, trained_through_outcome, episode_count,
                    created_at_ms, cost, first_outcome, trained_episodes, prior_weight, verdict,
                    is_imported, incumbent, exploration_rate, user_episodes
                FROM policy_snapshot WHERE queue = ? ORDER BY version
                """, queue.text
            ) { (row: Row) throws(StorageError) in
                try row.policySnapshot(weights: nil, trial: trials[row.integer("version")] ?? [:])
            }
        }
    }

    /// The versions whose weights are gone, oldest first.
    package func prunedPolicies(_ queue: QueueName) throws(StorageError) -> [PrunedPolicy] {
        try database.all(
            "SELECT version, pruned_at_ms FROM pruned_policy WHERE queue = ? ORDER BY version", queue.text
        ) { (row: Row) throws(StorageError) in
            PrunedPolicy(version: try row.integer("version"), prunedAt: try row.timestamp("pruned_at_ms"))
        }
    }

    /// When a version's weights went; nil where they did not, or it never was.
    package func prunedPolicy(_ version: Int64, of queue: QueueName) throws(StorageError) -> PrunedPolicy? {
        try database.prunedPolicy(version, of: queue)
    }

    /// The queue's last outcome when its policy's state last changed otherwise than by a trial: from there on, what came
    /// in force had passed one. nil before the first event.
    package func policyWatchStart(_ queue: QueueName) throws(StorageError) -> Int64? {
        try database.first(
            "SELECT after_outcome FROM policy_event WHERE queue = ? AND action <> 'promote' ORDER BY seq DESC LIMIT 1",
            queue.text
        ) { (row: Row) throws(StorageError) in try row.integer("after_outcome") }
    }

    /// The newest judged episodes that no budget masked and no price held back, newest first.
    /// - Parameter outcome: what was judged by then is left out, corrected later or not: an older policy made it.
    package func judgedEpisodes(
        queue: QueueName, after outcome: Int64, limit: Int
    ) throws(StorageError) -> [JudgedEpisode] {
        try database.all(
            """
            SELECT * FROM (\(judged) WHERE queue = ?1 AND seq > ?2 \(counting) ORDER BY seq DESC LIMIT ?3)
            """, queue.text, outcome, limit
        ) { (row: Row) throws(StorageError) in try row.judgedEpisode() }
    }

    /// The same, at most so many of each user, among the queue's newest `reach` outcomes.
    package func judgedEpisodesByUser(
        queue: QueueName, after outcome: Int64, reach: Int, limit: Int
    ) throws(StorageError) -> [JudgedEpisode] {
        try database.all(
            """
            SELECT reward, calls, submitter_uid FROM (
                SELECT *, row_number() OVER (PARTITION BY submitter_uid ORDER BY seq DESC) AS place FROM (
                    \(judged) WHERE queue = ?1
                        AND seq > max(?2, coalesce((
                            SELECT seq FROM outcome WHERE queue = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?4), 0))
                        \(counting)))
            WHERE place <= ?3 ORDER BY seq DESC
            """, queue.text, outcome, limit, reach
        ) { (row: Row) throws(StorageError) in try row.judgedEpisode() }
    }

    /// Rows of judged episodes.
    private var judged: String {
        """
        SELECT seq, reward, (SELECT submitter_uid FROM job WHERE job.id = outcome.job) AS submitter_uid, (
            SELECT count(*) FROM step
            WHERE step.episode = outcome.episode AND state = 'written' AND role = 'deepthink') AS calls
        FROM outcome
        """
    }

    /// Which of them count, those after the outcome ?2: latest ones that no budget masked and no price held back.
    private var counting: String {
        """
        AND NOT EXISTS (
            SELECT 1 FROM outcome AS later WHERE later.episode = outcome.episode AND later.seq > outcome.seq)
        AND NOT EXISTS (
            SELECT 1 FROM outcome AS earlier WHERE earlier.episode = outcome.episode AND earlier.seq <= ?2)
        AND NOT EXISTS (
            SELECT 1 FROM step
            WHERE step.episode = outcome.episode AND state = 'written' AND (mask_reason IS NOT NULL OR price > 0))
        """
    }

    /// The newest written steps of a queue, newest first.
    /// - Parameters:
    ///   - metadata: a member of `metadata` in the jobs' specifications.
    ///   - uid: only of this user's jobs; nil for everybody's.
    package func policyChoices(
        _ queue: QueueName, metadata: String?, uid: UInt32?, limit: Int
    ) throws(StorageError) -> [PolicyChoice] {
        try database.all(
            """
            SELECT step.idx, step.role, step.features, step.budget_share, (
                SELECT CAST(member.value AS TEXT)
                FROM payload, json_each(
                    iif(json_valid(payload.specification), payload.specification, '{}'), '$.metadata') AS member
                WHERE payload.job = job.id AND member.key = ?2) AS word
            FROM job JOIN episode ON episode.job = job.id JOIN step ON step.episode = episode.id
            WHERE job.queue = ?1 AND step.state = 'written' AND (?4 IS NULL OR job.submitter_uid = ?4)
            ORDER BY job.id DESC, step.id DESC LIMIT ?3
            """, queue.text, metadata, limit, uid
        ) { (row: Row) throws(StorageError) in
            PolicyChoice(
                index: try row.count("idx"), role: try row.word("role"), features: try row.floats("features"),
                budgetShare: try row.real("budget_share"), word: try row.optionalText("word"))
        }
    }

    /// The estimates of a queue's trials, by version; nil: of all.
    private func trials(
        of queue: QueueName, version: Int64?
    ) throws(StorageError) -> [Int64: [PolicyContestant: PolicyEstimate]] {
        var trials: [Int64: [PolicyContestant: PolicyEstimate]] = [:]
        try database.each(
            "SELECT * FROM policy_trial WHERE queue = ?1 AND (?2 IS NULL OR version = ?2)", [queue.text, version]
        ) { (row: Row) throws(StorageError) in
            let contestant: PolicyContestant = try row.word("contestant")
            trials[try row.integer("version"), default: [:]][contestant] = try row.policyEstimate()
            return true
        }
        return trials
    }
}

extension Database {
    func policyState(of queue: QueueName) throws(StorageError) -> PolicyEvent? {
        try first("SELECT * FROM policy_event WHERE queue = ? ORDER BY seq DESC LIMIT 1", queue.text) {
            (row: Row) throws(StorageError) in try row.policyEvent()
        }
    }

    /// The last version that was in force before the present one and is still kept.
    func policyVersion(before state: PolicyEvent?, of queue: QueueName) throws(StorageError) -> Int64? {
        try first(
            """
            SELECT policy_event.version FROM policy_event JOIN policy_snapshot USING (queue, version)
            WHERE queue = ? AND version <> ? ORDER BY seq DESC LIMIT 1
            """, queue.text, state?.version ?? 0
        ) { (row: Row) throws(StorageError) in try row.integer("version") }
    }

    func prunedPolicy(_ version: Int64, of queue: QueueName) throws(StorageError) -> PrunedPolicy? {
        try first("SELECT pruned_at_ms FROM pruned_policy WHERE queue = ? AND version = ?", queue.text, version) {
            (row: Row) throws(StorageError) in
            PrunedPolicy(version: version, prunedAt: try row.timestamp("pruned_at_ms"))
        }
    }

    /// 0 where there is none.
    func lastOutcome(of queue: QueueName) throws(StorageError) -> Int64 {
        try count("SELECT coalesce(max(seq), 0) AS n FROM outcome WHERE queue = ?", queue.text)
    }
}

/// An episode that a policy is judged by.
package struct JudgedEpisode: Hashable, Sendable {
    /// The uid of whose job it is.
    package let user: UInt32
    package let reward: Double
    /// DEEPTHINK's.
    package let calls: Int
}

extension Row {
    fileprivate func judgedEpisode() throws(StorageError) -> JudgedEpisode {
        JudgedEpisode(
            user: try uid("submitter_uid"), reward: try real("reward"), calls: try count("calls"))
    }

    fileprivate func policyEvent() throws(StorageError) -> PolicyEvent {
        PolicyEvent(
            sequence: try integer("seq"), at: try timestamp("at_ms"), action: try word("action"),
            version: try optionalInteger("version"), isFrozen: try flag("is_frozen"),
            standIn: try optionalWord("stand_in"), reason: try text("reason"), user: try optionalText("user"),
            afterOutcome: try integer("after_outcome"))
    }

    fileprivate func policyEstimate() throws(StorageError) -> PolicyEstimate {
        func estimate(_ name: String) throws(StorageError) -> Estimate {
            Estimate(value: try real(name), lower: try real("\(name)_lower"), upper: try real("\(name)_upper"))
        }
        return PolicyEstimate(
            reward: try estimate("reward"), calls: try estimate("calls"), net: try estimate("net"),
            episodeCount: try count("episode_count"), effectiveCount: try real("effective_count"),
            unsupportedShare: try real("unsupported_share"))
    }

    fileprivate func policySnapshot(
        weights: [UInt8]?, trial: [PolicyContestant: PolicyEstimate]
    ) throws(StorageError) -> PolicySnapshot {
        var origin: PolicyOrigin?
        if let cost = try optionalReal("cost"), let first = try optionalInteger("first_outcome"),
            let episodes = try optionalInteger("trained_episodes")
        {
            origin = PolicyOrigin(
                cost: cost, firstOutcome: first, trainedEpisodes: Int(episodes),
                priorWeight: try optionalReal("prior_weight"),
                userEpisodes: try optionalInteger("user_episodes").map(Int.init))
        }
        return PolicySnapshot(
            queue: try queueName(), version: try integer("version"), pairKey: try text("pair_key"),
            kind: try text("kind"), encoder: try text("encoder"), sha256: try text("sha256"),
            weights: weights, trainedThroughOutcome: try integer("trained_through_outcome"),
            episodeCount: try count("episode_count"), createdAt: try timestamp("created_at_ms"), origin: origin,
            verdict: try optionalWord("verdict"), incumbent: try optionalInteger("incumbent"),
            isImported: try flag("is_imported"), trial: trial,
            explorationRate: try optionalReal("exploration_rate"))
    }
}
