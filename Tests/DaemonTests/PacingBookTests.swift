import Domain
import Storage
import Switching
import Testing

@testable import Daemon

/// What londid expects of the rest of a day, at any time of day.
@Suite(.timeLimit(.minutes(5))) struct PacingBooks {
    /// 18 November 2026, 00:00 in Berlin.
    private static let now = Timestamp(milliseconds: 1_794_956_400_000)
    private static let oneCall = Spend(calls: 1, tokens: 10, gpuMilliseconds: 100)

    private final class Fixture {
        let state: TemporaryState
        let store: Store
        let history: PacedHistory
        let zone: Zone
        let policy: Policy
        var book: PacingBook

        init(_ pacing: Pacing = .auto) async throws {
            state = try TemporaryState()
            store = try Store(directory: state.directory, now: now)
            history = try PacedHistory("maths", pacing: pacing, zone: "Europe/Berlin", now: now)
            try await history.write(to: store)
            zone = try Zone("Europe/Berlin")
            let reader = try store.makeReader()
            let fit = PolicyFit(
                kind: .fittedQ, cost: history.settings.switcher.cost, encoderIdentity: HashedEncoder().identity,
                featureCount: HashedEncoder().featureCount, pairKey: PacedHistory.pairKey, version: 1)
            let episodes = try await reader.trainingEpisodes(queue: history.queue, limit: 1000)
            policy = try #require(try fit.policy(from: episodes))
            book = PacingBook(reader: reader, log: Log(threshold: .error))
        }

        func instant(hour: Double, day: Double = 0) -> Timestamp {
            history.midnight.advanced(byMilliseconds: Int64((day * 24 + hour) * 3_600_000))
        }

        func plan(hour: Double, day: Double = 0) async throws -> PacingPlan? {
            try await book.plan(
                of: history.queue, history.settings, policy: policy, zone: zone, now: instant(hour: hour, day: day))
        }

        /// As after a new start of londid, and as after a second has passed.
        func restart() throws {
            book = PacingBook(reader: try store.makeReader(), log: Log(threshold: .error))
        }
    }

    @Test func `a day's jobs are expected by what has come and what used to come`() async throws {
        let fixture = try await Fixture()
        let before = try #require(try await fixture.plan(hour: 1))
        #expect(abs(before.jobsToCome - 40) < 5, "\(before.jobsToCome)")
        #expect(before.jobsOfDay == 40)
        #expect(abs(before.curve.points[0].calls - 1) < 1e-9)
        try await fixture.history.submit(20, to: fixture.store, now: fixture.instant(hour: 9))
        try fixture.restart()
        // Twenty wait, and twenty come in the evening.
        let noon = try #require(try await fixture.plan(hour: 12))
        #expect(abs(noon.jobsToCome - 40) < 4, "\(noon.jobsToCome)")
        let evening = try #require(try await fixture.plan(hour: 23.9))
        #expect(abs(evening.jobsToCome - 20) < 1, "\(evening.jobsToCome)")
    }

    @Test func `a new day begins anew, and a new start of londid forgets nothing`() async throws {
        let fixture = try await Fixture()
        try await fixture.history.submit(20, to: fixture.store, now: fixture.instant(hour: 9))
        while let claim = try await fixture.store.claim(now: fixture.instant(hour: 9)) {
            _ = try await fixture.store.settleJob(
                claim.claim, .failed(JobFailure(code: "x", message: "y")), now: fixture.instant(hour: 9))
        }
        try fixture.restart()
        let today = try #require(try await fixture.plan(hour: 12))
        let tomorrow = try #require(try await fixture.plan(hour: 1, day: 1))
        try fixture.restart()
        #expect(try await fixture.plan(hour: 12) == today)
        try fixture.restart()
        #expect(try await fixture.plan(hour: 1, day: 1) == tomorrow)
        // Of five past days four had forty jobs, and one twenty.
        #expect((33...37).contains(tomorrow.jobsToCome), "\(tomorrow.jobsToCome)")
        #expect((34...37).contains(tomorrow.jobsOfDay))
        let spent = BudgetDay(
            day: DayKey(year: 2026, month: 11, day: 18), limits: fixture.history.settings.limits,
            spent: Spend(calls: 20))
        var fresh = spent
        fresh.spent = .zero
        #expect(today.price(for: spent, worstCase: Self.oneCall).worth > 0.5)
        #expect(tomorrow.price(for: fresh, worstCase: Self.oneCall).upperShare < 0.6)
    }

    @Test func `queues without a limit, a policy or the wish have no plan`() async throws {
        let fixture = try await Fixture(.off)
        #expect(try await fixture.plan(hour: 12) == nil)
        var settings = fixture.history.settings
        func plan(_ policy: Policy?) async throws -> PacingPlan? {
            try await fixture.book.plan(
                of: fixture.history.queue, settings, policy: policy, zone: fixture.zone, now: Self.now)
        }
        settings.pacing = .auto
        #expect(try await plan(fixture.policy) != nil)
        #expect(try await plan(nil) == nil)
        settings.onBudget = .hold
        #expect(try await plan(fixture.policy) == nil)
        settings.pacing = .on
        #expect(try await plan(fixture.policy) != nil)
        settings.switcher.kind = .random
        #expect(try await plan(fixture.policy) == nil)
        settings.switcher.kind = .fittedQ
        settings.limits = BudgetLimits()
        #expect(try await plan(fixture.policy) == nil)
    }

    /// A job that has just begun waits for this before its first step.
    @Test func `a plan that is known takes microseconds`() async throws {
        let fixture = try await Fixture()
        _ = try await fixture.plan(hour: 12)
        let clock = ContinuousClock()
        var best = Duration.seconds(1)
        for _ in 0..<20 {
            let start = clock.now
            for _ in 0..<50 { _ = try await fixture.plan(hour: 12) }
            best = min(best, (clock.now - start) / 50)
        }
        print("plan \(best)")
        #expect(best < .microseconds(200))
    }
}
