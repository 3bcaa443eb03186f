import Domain
import Glibc
import Storage
import Synchronization
import Testing

/// Many jobs, every interleaving of their steps, cancels, crashes, days, limits and grants: the budget holds after each
/// single event, no step is refused that would have fitted, and nothing stays reserved at the end.
@Suite struct BudgetScheduleTests {
    /// `LONDI_TEST_SCHEDULES` says how many; a few without it.
    private static let count: UInt64 = {
        guard let text = getenv("LONDI_TEST_SCHEDULES") else { return 24 }
        guard let count = UInt64(String(cString: text)) else { fatalError("LONDI_TEST_SCHEDULES is no number") }
        return count
    }()

    /// In four lanes, so that many schedules do not mean many open databases at once.
    @Test(.timeLimit(.minutes(60)), arguments: UInt64(1)...4)
    func `no schedule overshoots, refuses falsely or leaves a reservation`(lane: UInt64) async throws {
        for seed in stride(from: lane, through: Self.count, by: 4) {
            var schedule = try await BudgetSchedule(seed: seed)
            for _ in 1...150 { try await schedule.next() }
            try await schedule.drain()
            if seed / 4 % 250 == 249 { print("lane \(lane): all schedules through seed \(seed)") }
        }
    }

    /// The same with threads: 64 tasks on one store, of which those that began last end first.
    @Test(.timeLimit(.minutes(5)), arguments: UInt64(1)...4)
    func `64 tasks at once use a budget up and no more`(seed: UInt64) async throws {
        let limits = BudgetLimits(calls: 300, tokens: 40_000, gpuMilliseconds: 600_000)
        let fixture = try await Fixture(QueueSettings(limits: limits))
        var claims: [Claim] = []
        for _ in 1...64 {
            try await fixture.submit()
            claims.append(try await fixture.claim().claim)
        }
        let store = fixture.store
        let used = Total()
        let starts = claims.map { fixture.start($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, start) in starts.enumerated() {
                group.addTask {
                    var random = SplitMix64(state: seed &* 1000 &+ UInt64(place))
                    var start = start
                    for index in 0..<40 {
                        start.index = index
                        start.worstCase.tokens = .random(in: 100...500, using: &random)
                        start.worstCase.gpuMilliseconds = .random(in: 0...9_000, using: &random)
                        let begun = try await store.beginStep(start) { budget, mask in
                            #expect(budget.day.remainingShare >= 0)
                            return .write(
                                Decision(role: mask == nil ? .deepthink : .quick, maskReason: mask), features: [])
                        }
                        guard case .begun(let step, let decision, _) = begun else { throw NotBegun(step: begun) }
                        for _ in 0..<(64 - place) { await Task.yield() }
                        let real = Generated(
                            text: "", stopReason: .length,
                            generatedTokens: .random(in: 0...start.worstCase.tokens, using: &random),
                            gpuMilliseconds: .random(in: 0...start.worstCase.gpuMilliseconds, using: &random))
                        if decision.role == .deepthink { used.add(real.spend) }
                        #expect(try await store.finishStep(step, start.claim, real, now: morning) == .settled)
                    }
                }
            }
            try await group.waitForAll()
        }
        let budget = try await fixture.reader.budgets([fixture.queue: today])[0].budget
        #expect(budget.reserved == .zero)
        #expect(budget.spent == used.spend)
        #expect(BudgetUnit.allCases.allSatisfy { (budget.remaining($0) ?? 0) >= 0 }, "\(budget)")
        // Refused was only what did not fit: of some unit there is less left than the largest step takes.
        #expect(budget.mask(for: Spend(calls: 1, tokens: 500, gpuMilliseconds: 9_000)) != nil, "\(budget)")
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }
}

/// A sum that many tasks add to.
private final class Total: Sendable {
    private let sum = Mutex(Spend.zero)
    var spend: Spend { sum.withLock { $0 } }
    func add(_ spend: Spend) { sum.withLock { $0 = $0 + spend } }
}
