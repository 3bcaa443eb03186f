import Domain
import SQLite
import Storage
import Testing

/// Which version of a policy acts must never be a guess: not after a crash, a race or a change of mind.
@Suite struct PolicyVersionTests {
    private func version(
        _ fixture: Fixture, _ number: Int64? = nil, _ verdict: PolicyVerdict = .forced, incumbent: Int64? = nil,
        trial: [PolicyContestant: PolicyEstimate] = [:], isImported: Bool = false
    ) async throws -> KeptPolicy {
        let next = try await fixture.reader.policyVersions(fixture.queue).last.map { $0.version + 1 } ?? 1
        return try await fixture.store.savePolicySnapshot(
            NewPolicySnapshot(
                queue: fixture.queue, version: number, pairKey: "small+large", kind: "fitted-q", encoder: "hashed",
                weights: [UInt8](repeating: UInt8(next % 256), count: 1_000), trainedThroughOutcome: next,
                episodeCount: Int(next), verdict: verdict, incumbent: incumbent, trial: trial, isImported: isImported),
            by: isImported ? admin : nil, now: morning)
    }

    private func inForce(_ fixture: Fixture) async throws -> Int64? {
        try await fixture.reader.policyInForce(fixture.queue)?.snapshot.version
    }

    @Test func `policies are numbered by queue and come back whole`() async throws {
        let fixture = try await Fixture()
        #expect(try await inForce(fixture) == nil)
        #expect(try await version(fixture, 1, .cold).version == 1)
        let estimate = PolicyEstimate(
            reward: Estimate(value: 0.7, lower: 0.6, upper: 0.8), calls: Estimate(value: 2, lower: 1.5, upper: 2.5),
            net: Estimate(value: 0.6, lower: 0.5, upper: 0.7), episodeCount: 200, effectiveCount: 80.5,
            unsupportedShare: 0.125)
        let trial = [PolicyContestant.candidate: estimate, .alwaysQuick: estimate]
        #expect(try await version(fixture, 2, .passed, incumbent: 1, trial: trial).event?.action == .promote)
        let (snapshot, state) = try #require(try await fixture.reader.policyInForce(fixture.queue))
        #expect(snapshot.version == 2)
        #expect(snapshot.weights == [UInt8](repeating: 2, count: 1_000))
        #expect(snapshot.trial == trial)
        #expect(snapshot.verdict == .passed)
        #expect(snapshot.incumbent == 1)
        #expect(state.action == .promote)
        #expect(try await fixture.reader.policyVersions(fixture.queue).map(\.version) == [1, 2])
        #expect(try await fixture.reader.policyVersions(fixture.queue).map(\.trial) == [[:], trial])

        let raw = try fixture.directory.rawConnection()
        try raw.execute("DROP TRIGGER policy_snapshot_never_changes; UPDATE policy_snapshot SET weights = x'00'")
        await #expect(throws: StorageError.damagedPolicy(queue: fixture.queue, version: 2)) {
            try await fixture.reader.policyInForce(fixture.queue)
        }
    }

    @Test func `a refused version is kept and does not act`() async throws {
        let fixture = try await Fixture()
        _ = try await version(fixture, 1, .cold)
        #expect(try await version(fixture, 2, .refused, incumbent: 1).event == nil)
        #expect(try await inForce(fixture) == 1)
        #expect(try await fixture.reader.policyVersions(fixture.queue).map(\.verdict) == [.cold, .refused])
    }

    /// Between a trial's beginning and its end somebody may import, freeze or roll back.
    @Test func `a version that was tried against another than the one in force does not act`() async throws {
        let fixture = try await Fixture()
        _ = try await version(fixture, 1, .cold)
        _ = try await version(fixture, 2, .forced, isImported: true)
        #expect(try await version(fixture, 3, .passed, incumbent: 1).event == nil)
        #expect(try await inForce(fixture) == 2)
        await #expect(throws: StorageError.policyVersionTaken(queue: fixture.queue, version: 3)) {
            try await version(fixture, 3, .passed, incumbent: 2)
        }
    }

    @Test func `a frozen policy takes no version until it is thawed, also after a crash`() async throws {
        let fixture = try await Fixture()
        _ = try await version(fixture, 1, .cold)
        let frozen = try await fixture.store.freezePolicy(
            fixture.queue, standIn: .quick, reason: "it did worse", by: nil, now: morning)
        #expect(frozen.user == nil)
        #expect(try await version(fixture, 2, .passed, incumbent: 1).event == nil)
        await #expect(throws: StorageError.policyFrozen(fixture.queue)) {
            try await fixture.store.freezePolicy(fixture.queue, reason: "again", by: admin, now: morning)
        }

        let next = try Fixture(crashed: fixture)
        let state = try #require(try await next.reader.policyState(next.queue))
        #expect(state == frozen)
        #expect(state.isFrozen && state.standIn == .quick && state.version == 1)
        let thawed = try await next.store.thawPolicy(next.queue, reason: "looked at", by: admin, now: morning)
        #expect(!thawed.isFrozen && thawed.standIn == nil && thawed.version == 1 && thawed.user == "root")
        #expect(try await version(next, 3, .passed, incumbent: 1).event?.version == 3)
        await #expect(throws: StorageError.policyNotFrozen(next.queue)) {
            try await next.store.thawPolicy(next.queue, reason: "", by: admin, now: morning)
        }
    }

    @Test func `a roll back goes to the version that acted before, and freezes`() async throws {
        let fixture = try await Fixture()
        await #expect(throws: StorageError.noEarlierPolicy(fixture.queue)) {
            try await fixture.store.rollBackPolicy(fixture.queue, to: nil, reason: "", by: admin, now: morning)
        }
        for number in Int64(1)...3 { _ = try await version(fixture, number) }
        _ = try await version(fixture, 4, .refused, incumbent: 3)
        let back = try await fixture.store.rollBackPolicy(fixture.queue, to: nil, reason: "", by: admin, now: morning)
        #expect(back.version == 2 && back.isFrozen)
        let first = try await fixture.store.rollBackPolicy(fixture.queue, to: 1, reason: "", by: admin, now: morning)
        #expect(first.version == 1)
        #expect(try await inForce(fixture) == 1)
        await #expect(throws: StorageError.noSuchPolicy(queue: fixture.queue, version: 9, prunedAt: nil)) {
            try await fixture.store.rollBackPolicy(fixture.queue, to: 9, reason: "", by: admin, now: morning)
        }
        #expect(try fixture.rowCount("policy_event") == 5)
    }

    /// 50 KB each: a queue that is used for years would else grow by nothing but old versions.
    @Test func `only the newest versions and the one in force are kept`() async throws {
        let fixture = try await Fixture()
        _ = try await version(fixture, 1, .cold)
        for number in 2...Int64(60) { _ = try await version(fixture, number, .refused, incumbent: 1) }
        let kept = try await fixture.reader.policyVersions(fixture.queue).map(\.version)
        #expect(kept == [1] + Array(12...60))
        #expect(kept.count == Store.mostPolicyVersions)
        #expect(try await inForce(fixture) == 1)
        let pruned = try await fixture.reader.prunedPolicies(fixture.queue)
        #expect(pruned.map(\.version) == Array(2...11))
        #expect(pruned.allSatisfy { $0.prunedAt == morning })
        await #expect(throws: StorageError.noSuchPolicy(queue: fixture.queue, version: 5, prunedAt: morning)) {
            try await fixture.store.rollBackPolicy(fixture.queue, to: 5, reason: "", by: admin, now: morning)
        }
        #expect(try await version(fixture, 61, .passed, incumbent: 1).event?.version == 61)
        #expect(try await fixture.reader.policyVersions(fixture.queue).map(\.version) == Array(12...61))
    }

    @Test func `what happened to a policy cannot be rewritten`() async throws {
        let fixture = try await Fixture()
        _ = try await version(fixture, 1, .cold)
        let raw = try fixture.directory.rawConnection()
        for sql in ["DELETE FROM policy_event", "UPDATE policy_event SET version = 7"] {
            #expect(throws: SQLiteError.self) { try raw.execute(sql) }
        }
        _ = try await fixture.store.freezePolicy(fixture.queue, reason: "why", by: alice, now: morning)
        let events = try await fixture.reader.policyEvents(fixture.queue, limit: 10)
        #expect(events.map(\.action) == [.freeze, .adopt])
        #expect(events.map(\.user) == ["alice", nil])
        #expect(try await fixture.reader.policyEvents(fixture.queue, limit: 1).count == 1)
    }

    /// The jobs that a freeze is decided on: what a budget masked says nothing about the policy.
    @Test func `judged episodes are counted from an outcome on, newest first, without masked ones`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1)))
        try await fixture.complete(0.25)
        try await fixture.complete(0.5, role: .deepthink)
        let job = try await fixture.complete(0)
        try await fixture.store.recordFeedback(job, reward: 1, by: alice, now: morning)
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        try await fixture.writeMaskedStep(claim)
        _ = try await fixture.store.settleJob(
            claim, .completed(Outcome(answer: "4", end: .answered, reward: 1)), now: morning)

        let all = try await fixture.reader.judgedEpisodes(queue: fixture.queue, after: 0, limit: 10)
        #expect(all.map(\.reward) == [1, 0.5, 0.25])
        #expect(all.map(\.calls) == [0, 1, 0])
        #expect(try await fixture.reader.judgedEpisodes(queue: fixture.queue, after: 1, limit: 1).map(\.reward) == [1])
        #expect(try await fixture.reader.policyWatchStart(fixture.queue) == nil)
        _ = try await version(fixture, 1, .cold)
        _ = try await version(fixture, 2, .passed, incumbent: 1)
        #expect(try await fixture.reader.policyWatchStart(fixture.queue) == 5)
    }
}
