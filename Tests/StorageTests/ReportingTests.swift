import Domain
import SQLite
import Storage
import Testing

/// What monitoring and reports read of the books.
@Suite struct `Reporting` {
    /// A counter must not begin again at 0, nor count an entry twice.
    @Test func `the ledger's sums go on from any entry to what all of it comes to`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 10)))
        var sums = LedgerSums()
        for role in [Role.deepthink, .quick, .deepthink] {
            try await fixture.complete(1, role: role)
            sums = sums.extended(by: try await fixture.reader.ledgerSums(after: sums.last))
        }
        #expect(sums == (try await fixture.reader.ledgerSums(after: 0)))
        #expect(sums.last == 3)
        #expect(sums.spend[fixture.queue]?[.deepthink] == Spend(calls: 2, tokens: 320, gpuMilliseconds: 3_000))
        #expect(sums.spend[fixture.queue]?[.quick]?.calls == 1)
        #expect(try await fixture.reader.ledgerSums(after: 3) == LedgerSums(last: 3))
    }

    /// A counter that falls looks like a restart, and as if all jobs had ended anew.
    @Test func `the ends of jobs are neither taken back by a retry nor by pruning`() async throws {
        let fixture = try await Fixture()
        try await fixture.complete(1)
        let cancelled = try await fixture.submit()
        try await fixture.submit()
        _ = try await fixture.store.cancelWithDependents(cancelled, by: alice, now: morning)
        let first = try await fixture.reader.jobEnds()
        #expect(first.counts == [fixture.queue: [.completed: 1, .cancelled: 1]])

        _ = try await fixture.store.retryJobs([cancelled], includesCancelled: true, by: alice, now: morning)
        let second = try await fixture.reader.jobEnds(knowing: first)
        #expect(second.counts == first.counts)
        _ = try await fixture.store.cancelWithDependents(cancelled, by: alice, now: morning)
        let third = try await fixture.reader.jobEnds(knowing: second)
        #expect(third.counts == [fixture.queue: [.completed: 1, .cancelled: 2]])

        let rule = PruningRule(
            queue: fixture.queue, before: morning.advanced(byMilliseconds: 86_400_000), keptEpisodes: 0)
        let pruned = try await fixture.store.prune(
            rule, limit: 500, now: morning.advanced(byMilliseconds: 90 * 86_400_000))
        #expect(pruned.jobCount == 2)
        #expect(try await fixture.reader.jobEnds(knowing: third).counts == third.counts)
        #expect(try await fixture.reader.jobEnds().counts == third.counts)
    }

    /// Stretches of 4,096 job numbers in which all have ended are not counted again, unless a retry reached into them.
    @Test func `what is known of ends goes on as if all were counted anew`() async throws {
        let fixture = try await Fixture()
        try fixture.directory.rawConnection().execute(
            """
            WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 9000)
            INSERT INTO job (
                queue, submitter_uid, submitter_name, state, pending_reason, priority, created_at_ms, ended_at_ms)
            SELECT 'maths', 1000, 'alice', iif(i = 5000, 'pending', 'cancelled'), iif(i = 5000, 'Priority', NULL), 0, 1,
                iif(i = 5000, NULL, 1)
            FROM n
            """)
        var ends = try await fixture.reader.jobEnds()
        #expect(ends.counts == [fixture.queue: [.cancelled: 8_999]])
        func look(_ count: Int64) async throws {
            ends = try await fixture.reader.jobEnds(knowing: ends)
            #expect(ends == (try await fixture.reader.jobEnds()))
            #expect(ends.counts == [fixture.queue: [.cancelled: count]])
        }
        _ = try await fixture.store.cancelWithDependents(JobID(5_000), by: alice, now: morning)
        try await look(9_000)
        _ = try await fixture.store.retryJobs([JobID(1)], includesCancelled: true, by: alice, now: morning)
        try await look(9_000)
        _ = try await fixture.store.cancelWithDependents(JobID(1), by: alice, now: morning)
        try await look(9_001)
        try await fixture.submit()
        try await look(9_001)
    }

    @Test func `the recent reward is the mean of the newest outcomes`() async throws {
        let fixture = try await Fixture()
        #expect(try await fixture.reader.recentReward(fixture.queue, count: 2) == nil)
        for reward in [0, 1, 0.5] { try await fixture.complete(reward) }
        #expect(try await fixture.reader.recentReward(fixture.queue, count: 2) == 0.75)
    }

    @Test func `what the last hour used of DEEPTHINK leaves out what is older`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 10)))
        try await fixture.complete(1, role: .deepthink)
        let later = morning.advanced(byMilliseconds: 600_000)
        try await fixture.complete(1, role: .deepthink, now: later)
        try await fixture.complete(1, role: .quick, now: later)
        let spent = try await fixture.reader.deepthinkSpend(since: morning, day: today)
        #expect(spent == [fixture.queue: Spend(calls: 1, tokens: 160, gpuMilliseconds: 1_500)])
        #expect(try await fixture.reader.deepthinkSpend(since: later, day: today).isEmpty)
    }

    @Test func `ended jobs come newest first, with what they used, and each user sees her own`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 10)))
        let first = try await fixture.complete(1, role: .deepthink)
        let later = morning.advanced(byMilliseconds: 1000)
        let second = try await fixture.complete(nil, now: later)
        try await fixture.submit()
        let filter = SpendFilter(days: today...today)
        let jobs = try await fixture.reader.endedJobs(in: morning..<later.advanced(byMilliseconds: 1), filter)
        #expect(jobs.map(\.job) == [second, first])
        #expect(jobs.map(\.reward) == [nil, 1])
        #expect(jobs.map(\.deepthink.gpuMilliseconds) == [0, 1_500])
        #expect(try await fixture.reader.endedJobs(in: morning..<later, filter).map(\.job) == [first])
        var others = filter
        others.uid = 7
        #expect(try await fixture.reader.endedJobs(in: morning..<later, others).isEmpty)
    }
}
