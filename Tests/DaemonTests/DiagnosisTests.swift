import Control
import Domain
import Storage
import Testing

@testable import Daemon

/// What the doctor says of a whole londid.
@Suite(.timeLimit(.minutes(5))) struct Diagnoses {
    private static let longAgo = Timestamp(milliseconds: 0)

    private static func findings(_ path: String) async throws -> [Finding] {
        try await ControlClient.connect(path: path).call(Diagnose.self, .init()).findings
    }

    @Test func `every finding that is not well has a remedy and the others have none`() async throws {
        try await RunningDaemon { _ in }.run { path in
            let findings = try await Self.findings(path)
            let subjects = Set(findings.map(\.subject))
            #expect(
                subjects == ["configuration", "quick", "deepthink", "disk", "log", "permissions", "clock", "kernel"])
            for finding in findings { #expect((finding.remedy == nil) == (finding.level == .ok), "\(finding)") }
            #expect(findings.contains { $0.subject == "configuration" && $0.level == .ok })
        }
    }

    /// Somebody who set the clock a year ahead and back again has no budget until then, and must learn why.
    @Test func `a queue that is ahead of the clock is named`() async throws {
        let queue = try QueueName("maths")
        let root = User(uid: 0, name: "root")
        let daemon = try await RunningDaemon { store in
            try await store.createQueue(
                queue, QueueSettings(limits: BudgetLimits(calls: 1)), by: root, now: Self.longAgo)
            try await store.grantBudget(
                queue, Spend(calls: 1), through: nil, clockDay: DayKey(year: 2199, month: 1, day: 1), by: root,
                now: Self.longAgo)
        }
        try await daemon.run { path in
            let clock = try await Self.findings(path).filter { $0.subject == "clock" && $0.level == .warning }
            #expect(clock.contains { $0.detail.hasPrefix("queue maths is on 2199-01-01, and the clock says 20") })
            #expect(clock.contains { $0.remedy?.contains("londictl budget set-day maths") == true })
            let control = try ControlClient.connect(path: path)
            let set = try await control.call(SetBudgetDay.self, .init(queue: queue))
            #expect(set.before == DayKey(year: 2199, month: 1, day: 1))
            #expect(set.budget.day < set.before)
            #expect(try await Self.findings(path).allSatisfy { $0.subject != "clock" || !$0.detail.contains("maths") })
            await #expect(throws: ControlError.self) {
                try await control.call(SetBudgetDay.self, .init(queue: queue))
            }
            let event = try await control.call(ListEvents.self, .init(limit: 1)).events[0]
            #expect(event.action == "budget.set-day")
            #expect(event.detail == "day=2199-01-01->\(set.budget.day)")
        }
    }
}
