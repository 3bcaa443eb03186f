import Domain
import Switching
import Testing

/// How many jobs are still to come.
@Suite struct ArrivalModelTests {
    /// A day with jobs at some hours.
    private func day(_ jobs: [Int: Int]) -> [Int] {
        var slots = [Int](repeating: 0, count: Arrival.slotsOfDay)
        for (hour, count) in jobs { slots[hour * 4] = count }
        return slots
    }

    @Test func `days that are all alike go on alike`() {
        let model = ArrivalModel(days: Array(repeating: day([9: 60, 15: 40]), count: 28))
        #expect(abs(model.expected(after: 0, soFar: 0) - 98) < 2)
        #expect(abs(model.expected(after: 0.5, soFar: 60) - 40) < 1)
        #expect(model.expected(after: 0.75, soFar: 100) < 1)
        #expect(model.expectedOfDay(today: 3) == 100)
    }

    @Test func `a quiet morning foretells a quiet evening where it used to`() {
        let days = (0..<28).map { $0.isMultiple(of: 4) ? day([20: 2]) : day([9: 60, 20: 50]) }
        let model = ArrivalModel(days: days)
        #expect(model.expected(after: 0.5, soFar: 0) < 6)
        #expect(model.expected(after: 0.5, soFar: 60) > 45)
    }

    @Test func `a day that begins like none before is still somewhat like the others`() {
        let model = ArrivalModel(days: Array(repeating: day([9: 60, 20: 50]), count: 28))
        #expect((30...50).contains(model.expected(after: 0.5, soFar: 1)))
        #expect((50...100).contains(model.expected(after: 0.5, soFar: 600)))
    }

    @Test func `days without jobs count`() {
        let model = ArrivalModel(days: (0..<28).map { $0.isMultiple(of: 2) ? day([:]) : day([12: 100]) })
        #expect((40...60).contains(model.expected(after: 0, soFar: 0)))
    }

    @Test func `on the first day the day so far goes on, and a day's end is its end`() {
        let model = ArrivalModel(days: [])
        #expect(model.expected(after: 0.25, soFar: 40) == 30)
        #expect(model.expected(after: 0.25, soFar: 0) == 0)
        #expect(model.expectedOfDay(today: 7) == 7)
        let known = ArrivalModel(days: [day([9: 10])])
        #expect(known.expected(after: 0.999_99, soFar: 10) < 0.01)
    }

    @Test func `newer days count more than older ones`() {
        let model = ArrivalModel(days: (0..<28).map { day([12: $0 < 14 ? 0 : 100]) })
        #expect(model.expected(after: 0.1, soFar: 0) > 55)
    }
}
