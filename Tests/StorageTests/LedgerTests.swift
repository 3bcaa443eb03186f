import Domain
import SQLite
import Storage
import Testing

/// The books must be right, and must show it when somebody makes them wrong.
@Suite struct LedgerTests {
    /// Four jobs, two with each role.
    func books() async throws -> Fixture {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 10)))
        for role in [Role.deepthink, .quick, .deepthink, .quick] { try await fixture.complete(1, role: role) }
        return fixture
    }

    @Test(arguments: ["UPDATE ledger_entry SET gpu_ms = 0", "DELETE FROM ledger_entry WHERE seq = 4"])
    func `the database itself refuses to change an entry`(sql: String) async throws {
        let fixture = try await books()
        let error = #expect(throws: SQLiteError.self) { try fixture.directory.rawConnection().execute(sql) }
        #expect(error?.kind == .constraint)
        #expect(error?.message.hasPrefix("the ledger is append-only") == true)
    }

    @Test func `untouched books have no differences and name their last seal`() async throws {
        let fixture = try await books()
        let report = try await fixture.reader.verifyBooks()
        #expect(report.differences == [])
        #expect(report.entryCount == 4)
        #expect(report.lastHash?.count == 64)
        let empty = try await Fixture()
        let nothing = try await empty.reader.verifyBooks()
        #expect(nothing.entryCount == 0 && nothing.lastHash == nil && nothing.differences == [])
    }

    /// Whoever can write the file can drop the triggers; each of these is a way to hide or forge spend.
    @Test(arguments: [
        ("UPDATE ledger_entry SET generated_tokens = 1 WHERE seq = 1", BookCheck.chain),
        ("UPDATE ledger_entry SET model = 'small' WHERE seq = 3", .chain),
        ("UPDATE ledger_entry SET hash = zeroblob(32) WHERE seq = 2", .chain),
        ("DELETE FROM ledger_entry WHERE seq = 2", .chain),
        ("DELETE FROM ledger_entry WHERE seq = 4", .chain),
        ("UPDATE ledger_entry SET seq = 9 WHERE seq = 4", .chain),
        ("UPDATE budget_day SET calls = calls - 1", .budgetDays),
        ("DELETE FROM budget_day", .budgetDays),
        ("UPDATE step SET generated_tokens = 0 WHERE id = 3", .steps),
        ("UPDATE step SET day = day - 1 WHERE id = 2", .steps),
        ("UPDATE reservation SET state = 'open'", .reservations),
        ("UPDATE job SET state = 'pending', pending_reason = 'Priority', ended_at_ms = NULL WHERE id = 1", .jobs),
        ("DELETE FROM answer WHERE episode = 2", .jobs),
        ("UPDATE job SET reward = 0.5 WHERE id = 4", .outcomes),
        ("UPDATE transition SET reward = 0 WHERE outcome = 1", .outcomes),
        ("DELETE FROM payload WHERE job = 1; PRAGMA foreign_keys = OFF; DELETE FROM epoch", .file),
    ])
    func `a change behind londid's back is found`(sql: String, check: BookCheck) async throws {
        let fixture = try await books()
        let raw = try fixture.directory.rawConnection()
        for trigger in ["ledger_entry_never_changes", "ledger_entry_never_goes"] {
            try raw.execute("DROP TRIGGER \(trigger)")
        }
        try raw.execute(sql)
        let differences = try await fixture.reader.verifyBooks().differences
        #expect(differences.contains { $0.check == check }, "\(differences)")
    }

    @Test func `spend adds up by any grouping`() async throws {
        let fixture = try await books()
        let physics = try QueueName("physics")
        try await fixture.store.createQueue(physics, QueueSettings(), by: admin, now: morning)
        try await fixture.submit(to: physics)
        let later = morning.advanced(byMilliseconds: 60_000)
        let tomorrow = DayKey(daysSinceEpoch: today.daysSinceEpoch + 1)
        try await fixture.writeStep(fixture.claim().claim, role: .deepthink, day: tomorrow, now: later)

        let all = SpendFilter(days: today...tomorrow)
        let total = try #require(try await fixture.reader.spend(all, by: []).first)
        #expect(total.quick.calls + total.deepthink.calls == 5)
        #expect(total.quick.gpuMilliseconds + total.deepthink.gpuMilliseconds == 7_500)
        for group in SpendGroup.allCases {
            let rows = try await fixture.reader.spend(all, by: [group])
            #expect(rows.reduce(Spend.zero) { $0 + $1.quick } == total.quick)
            #expect(rows.reduce(Spend.zero) { $0 + $1.deepthink } == total.deepthink)
        }
        let byQueueAndDay = try await fixture.reader.spend(all, by: [.queue, .day])
        #expect(byQueueAndDay.map { $0.queue?.text } == ["maths", "physics"])
        #expect(byQueueAndDay.map(\.day) == [today, tomorrow])
        #expect(byQueueAndDay.map { $0.quick.calls + $0.deepthink.calls } == [4, 1])
        #expect(try await fixture.reader.spend(all, by: [.model]).map(\.model) == ["large", "small"])
        #expect(try await fixture.reader.spend(all, by: [.user]).map(\.user) == ["alice"])

        let mine = SpendFilter(days: today...tomorrow, queue: fixture.queue, uid: alice.uid)
        #expect(try await fixture.reader.spend(mine, by: [.queue]).map { $0.queue?.text } == ["maths"])
        let none = SpendFilter(days: DayKey(daysSinceEpoch: 1)...DayKey(daysSinceEpoch: 2))
        #expect(try await fixture.reader.spend(none, by: []) == [SpendRow(jobs: 0, quick: .zero, deepthink: .zero)])
        #expect(try await fixture.reader.spend(none, by: [.queue]) == [])
    }
}
