import Domain
import SQLite
import Storage
import Testing

/// A state of Londi 0.1's first schema versions, as somebody has it.
@Suite struct MemberMigrationTests {
    /// Queues whose jobs have rewards, and jobs that wait, as a state had them before users took turns.
    private func oldState(_ directory: TemporaryDirectory) throws {
        _ = try Store(
            directory: directory.path, now: morning,
            migrations: Array(Migration.compiledIn.prefix { $0.name < "0015" }))
        let at = morning.milliseconds
        let raw = try directory.rawConnection()
        for (queue, reward) in [("maths", "1"), ("rooms", "-3"), ("stars", "5"), ("empty", "")] {
            try raw.execute(
                """
                INSERT INTO queue (name, time_zone, on_budget, switcher_kind, switcher_cost, switcher_parameter,
                    exploration_rate, exploration_share, max_steps, step_tokens, max_attempts, is_paused, created_at_ms)
                VALUES ('\(queue)', 'UTC', 'quick', 'fitted-q', 0.05, 0.5, 0.1, 0.05, 12, 192, 3, 0, \(at));
                """)
            guard !reward.isEmpty else { continue }
            try raw.execute(
                """
                PRAGMA foreign_keys = OFF;
                INSERT INTO job (queue, submitter_uid, submitter_name, state, priority, created_at_ms, started_at_ms,
                    ended_at_ms, episode, reward)
                VALUES ('\(queue)', 1000, 'alice', 'completed', 0, \(at), \(at), \(at),
                    (SELECT count(*) + 1 FROM episode), \(reward));
                INSERT INTO payload (job, specification)
                SELECT id, '{}' FROM job ORDER BY id DESC LIMIT 1;
                INSERT INTO episode (job, number, started_at_ms, ended_at_ms, end_reason)
                SELECT id, 1, \(at), \(at), 'answered' FROM job ORDER BY id DESC LIMIT 1;
                INSERT INTO answer (episode, text, end_reason) VALUES (last_insert_rowid(), '', 'answered');
                INSERT INTO outcome (queue, job, episode, reward, source, at_ms)
                SELECT queue, id, episode, \(reward), 'environment', \(at) FROM job ORDER BY id DESC LIMIT 1;
                """)
        }
        for (uid, priority) in [(1_000, 1_000), (1_000, 1_000), (1_001, 0)] {
            try raw.execute(
                """
                INSERT INTO job (queue, submitter_uid, submitter_name, state, pending_reason, priority, created_at_ms)
                VALUES ('maths', \(uid), 'u', 'pending', 'Priority', \(priority), \(at));
                INSERT INTO payload (job, specification) VALUES (last_insert_rowid(), '{}');
                """)
        }
        try raw.execute(
            """
            INSERT INTO policy_snapshot (queue, version, pair_key, kind, encoder, sha256, weights,
                trained_through_outcome, episode_count, created_at_ms, cost, first_outcome, trained_episodes)
            VALUES ('maths', 1, 'a', 'fitted-q', 'b', printf('%064d', 0), x'00', 1, 1, \(at), 0.05, 1, 1);
            """)
    }

    @Test func `an old state keeps its jobs, its rewards and its versions, and its users take turns`() async throws {
        let directory = TemporaryDirectory()
        try oldState(directory)
        let store = try Store(directory: directory.path, now: morning)
        let reader = try store.makeReader()
        var ranges: [String: ClosedRange<Double>] = [:]
        for queue in try await reader.queues() { ranges[queue.name.text] = queue.settings.rewards }
        #expect(ranges == ["empty": 0...1, "maths": 0...1, "rooms": -1_000...1_000, "stars": -1_000...1_000])
        var served: [UInt32] = []
        while let job = try await store.claim(now: morning) { served.append(job.submitter.uid) }
        #expect(served == [1_000, 1_001, 1_000])
        let versions = try await reader.policyVersions(try QueueName("maths"))
        #expect(versions.map(\.origin) == [PolicyOrigin(cost: 0.05, firstOutcome: 1, trainedEpisodes: 1)])
        #expect(try await reader.verifyBooks().differences == [])
    }
}
