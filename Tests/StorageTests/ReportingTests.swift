import Domain
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
