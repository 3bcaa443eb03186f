import Domain
import Testing

/// When a budget ends, if its use goes on as in the last hour.
@Suite struct `The burn of a budget` {
    private static let now = Timestamp(milliseconds: 1_795_428_000_000)

    private static func burn(
        _ limits: BudgetLimits, spent: Spend = .zero, reserved: Spend = .zero, lastHour: Spend, hoursLeft: Int64 = 10
    ) -> Int64? {
        let day = BudgetDay(day: DayKey(daysSinceEpoch: 0), limits: limits, spent: spent, reserved: reserved)
        let burn = Burn(lastHour, of: day, now: now, end: now.advanced(byMilliseconds: hoursLeft * 3_600_000))
        return burn.exhaustedAt.map { ($0.milliseconds - now.milliseconds) / 60_000 }
    }

    @Test func `ends when the rest is used up at the rate of the last hour`() {
        #expect(Self.burn(.init(calls: 30), spent: Spend(calls: 20), lastHour: Spend(calls: 20)) == 30)
    }

    @Test func `counts what running steps reserve as used`() {
        #expect(
            Self.burn(
                .init(calls: 30), spent: Spend(calls: 18), reserved: Spend(calls: 2), lastHour: Spend(calls: 20)) == 30)
    }

    @Test func `is of the unit that ends first`() {
        let limits = BudgetLimits(calls: 100, tokens: 1000, gpuMilliseconds: 1_000_000)
        #expect(Self.burn(limits, lastHour: Spend(calls: 50, tokens: 2000, gpuMilliseconds: 1)) == 30)
    }

    @Test func `does not end where the day ends before, nothing is used or nothing is limited`() {
        #expect(Self.burn(.init(calls: 30), lastHour: Spend(calls: 2)) == nil)
        #expect(Self.burn(.init(calls: 30), lastHour: .zero) == nil)
        #expect(Self.burn(.init(), lastHour: Spend(calls: 20)) == nil)
    }

    @Test func `has ended where nothing is left, whatever the rate`() {
        #expect(Self.burn(.init(calls: 30), spent: Spend(calls: 30), lastHour: .zero) == 0)
        #expect(Self.burn(.init(calls: 10), spent: Spend(calls: 30), lastHour: .zero) == 0, "lowered since")
    }
}
