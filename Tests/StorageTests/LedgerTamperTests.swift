import Domain
import SQLite
import Storage
import Testing

/// Whoever can write the file can drop the triggers. Whatever they change of what was booked, the audit names the check
/// that finds it: the table below has a row for every booked column.
@Suite struct LedgerTamperTests {
    /// One forged value and the check that must find it.
    struct Forgery: Sendable, CustomTestStringConvertible {
        let sql: String
        let check: BookCheck
        var testDescription: String { sql }

        init(_ table: String, _ column: String, _ value: String, of row: String, _ check: BookCheck) {
            sql = "UPDATE \(table) SET \(column) = \(value) WHERE \(row)"
            self.check = check
        }

        init(_ sql: String, _ check: BookCheck) {
            self.sql = sql
            self.check = check
        }
    }

    /// A batch of four jobs: step 1 by DEEPTHINK, as measured; step 2 by DEEPTHINK, cut off and charged at its worst case,
    /// and step 3 in its place; step 4 by QUICK, whose job got feedback (outcome 4); job 4 waits.
    private func books() async throws -> Fixture {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 10)))
        let batch = try await fixture.store.beginBatch(
            queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        let jobs = ["a", "b", "c", "d"].map { NewJob(line: 1, customID: $0, specification: "{}") }
        try await fixture.store.appendJobs(jobs, to: batch, now: morning)
        _ = try await fixture.store.commitBatch(
            batch, sha256: String(repeating: "a", count: 64), allowDuplicate: false, now: morning)
        for role in [Role.deepthink, .deepthink, .quick] {
            let claim = try await fixture.claim().claim
            if claim.job == JobID(2) {
                guard
                    case .begun(let step, _, _) = try await fixture.store.beginStep(
                        fixture.start(claim), choose: { _, _ in .write(Decision(role: .deepthink), features: []) })
                else { throw NothingToClaim() }
                _ = try await fixture.store.abandonStep(step, claim, .unknown, now: morning)
            }
            try await fixture.writeStep(claim, role: role)
            let outcome = Outcome(answer: "4", end: .answered, reward: 1)
            _ = try await fixture.store.settleJob(claim, .completed(outcome), now: morning)
        }
        try await fixture.store.recordFeedback(JobID(3), reward: 0.5, by: alice, now: morning)
        try await fixture.store.grantBudget(
            fixture.queue, Spend(calls: 2), through: nil, clockDay: today, by: admin, now: morning)
        #expect(try await fixture.reader.verifyBooks().differences == [])
        return fixture
    }

    /// Without what guards the tables, as somebody with sqlite3 and patience would go about it.
    private func unguarded(_ fixture: Fixture) throws -> Connection {
        let raw = try fixture.directory.rawConnection()
        let triggers = try Self.texts("SELECT name FROM sqlite_schema WHERE type = 'trigger'", "name", raw)
        for trigger in triggers { try raw.execute("DROP TRIGGER \(trigger)") }
        try raw.execute("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF")
        return raw
    }

    private static func texts(_ sql: String, _ column: String, _ raw: Connection) throws -> [String] {
        let statement = try raw.statement(sql)
        defer { statement.reset() }
        try statement.bind([])
        var texts: [String] = []
        while try statement.step() { if case .text(let text) = statement.value(column) { texts.append(text) } }
        return texts
    }

    @Test(arguments: 1...4) func `any column of any entry is sealed`(entry: Int) async throws {
        let original = try await books()
        let raw = try original.directory.rawConnection()
        let columns = try Self.texts("SELECT name FROM pragma_table_info('ledger_entry')", "name", raw)
        #expect(columns.count == 20)
        for column in columns {
            let forged = try Fixture(crashed: original)
            try unguarded(forged).execute(
                """
                UPDATE ledger_entry SET \(column) = CASE typeof(\(column)) WHEN 'integer' THEN \(column) + 100
                    WHEN 'null' THEN 100 WHEN 'blob' THEN randomblob(32) WHEN 'text' THEN \(column) || 'x' END
                WHERE seq = \(entry)
                """)
            let differences = try await forged.reader.verifyBooks().differences
            let first = try #require(differences.first, "\(column) of entry \(entry)")
            #expect(first.check == .chain, "\(column)")
            let place = column == "seq" ? entry...(entry + 100) : entry...(entry + 1)
            #expect(place.contains { first.subject == "ledger entry \($0)" }, "\(column): \(first)")
        }
    }

    /// A whole chain can be made anew by whoever knows how: then the steps, the jobs and the counters still tell.
    @Test(arguments: [
        Forgery("DELETE FROM ledger_entry WHERE seq = 1", .chain),
        Forgery("DELETE FROM ledger_entry WHERE seq = 2", .chain),
        Forgery("DELETE FROM ledger_entry WHERE seq = 4", .chain),
        Forgery(
            "DELETE FROM ledger_entry WHERE seq = 4; UPDATE sqlite_sequence SET seq = 3 WHERE name = 'ledger_entry'",
            .steps),
        Forgery(
            """
            INSERT INTO ledger_entry SELECT 5, at_ms, day, queue, submitter_uid, batch, job, episode, 99, role, model, kind,
                is_exploration, calls, prompt_tokens, cached_tokens, generated_tokens, gpu_ms, hash, randomblob(32)
            FROM ledger_entry WHERE seq = 4
            """, .chain),
        Forgery(
            """
            DROP INDEX ledger_entry_once; INSERT INTO ledger_entry SELECT 5, at_ms, day, queue, submitter_uid, batch, job,
                episode, step, role, model, kind, is_exploration, calls, prompt_tokens, cached_tokens, generated_tokens,
                gpu_ms, hash, randomblob(32) FROM ledger_entry WHERE seq = 4
            """, .steps),
        Forgery("DELETE FROM ledger_entry; DELETE FROM sqlite_sequence WHERE name = 'ledger_entry'", .steps),

        Forgery("admin_event", "seq", "99", of: "seq = 1", .events),
        Forgery("admin_event", "at_ms", "at_ms + 1", of: "seq = 1", .events),
        Forgery("admin_event", "uid", "7", of: "seq = 1", .events),
        Forgery("admin_event", "user", "'nobody'", of: "seq = 2", .events),
        Forgery("admin_event", "action", "'queue.set'", of: "seq = 2", .events),
        Forgery("admin_event", "subject", "'other'", of: "seq = 1", .events),
        Forgery("admin_event", "detail", "replace(detail, '10', '99')", of: "seq = 1", .events),
        Forgery("DELETE FROM admin_event WHERE seq = 1", .events),
        Forgery("DELETE FROM admin_event WHERE seq = 2; DELETE FROM admin_seal WHERE event = 2", .events),
        Forgery("INSERT INTO admin_event VALUES (3, 1, 0, 'root', 'queue.set', 'maths', '')", .events),
        Forgery("admin_seal", "hash", "randomblob(32)", of: "event = 1", .events),
        Forgery("admin_seal", "previous_hash", "randomblob(32)", of: "event = 2", .events),
        Forgery("DELETE FROM admin_seal", .events),
        Forgery("INSERT INTO admin_seal VALUES (9, zeroblob(32), zeroblob(32))", .events),
        Forgery("budget_grant", "calls", "calls + 1", of: "id = 1", .events),
        Forgery("budget_grant", "last_day", "last_day + 1", of: "id = 1", .events),
        Forgery("budget_grant", "uid", "7", of: "id = 1", .events),
        Forgery("INSERT INTO budget_grant VALUES (2, 'mathss', 1, 1, 1, 1, 1, 1, 1, 'x')", .events),

        Forgery("payload", "specification", "'{\"a\":1}'", of: "job = 4", .requests),
        Forgery("payload", "specification", "'{'", of: "job = 4", .requests),
        Forgery("payload", "specification", "CAST(x'7bff7d' AS TEXT)", of: "job = 4", .requests),
        Forgery("payload", "specification_sha256", "randomblob(32)", of: "job = 4", .requests),
        Forgery("payload", "specification", "'{', specification_sha256 = NULL", of: "job = 4", .requests),
        Forgery("DELETE FROM payload WHERE job = 4", .requests),

        Forgery("budget_day", "queue", "'other'", of: "TRUE", .budgetDays),
        Forgery("budget_day", "day", "day + 1", of: "TRUE", .budgetDays),
        Forgery("budget_day", "calls", "calls - 1", of: "TRUE", .budgetDays),
        Forgery("budget_day", "tokens", "tokens - 1", of: "TRUE", .budgetDays),
        Forgery("budget_day", "gpu_ms", "0", of: "TRUE", .budgetDays),
        Forgery("budget_day", "exploration_calls", "1", of: "TRUE", .budgetDays),
        Forgery("budget_day", "exploration_tokens", "1", of: "TRUE", .budgetDays),
        Forgery("budget_day", "exploration_gpu_ms", "1", of: "TRUE", .budgetDays),
        Forgery("DELETE FROM budget_day", .budgetDays),
        Forgery("INSERT INTO budget_day VALUES ('maths', 1, 1, 1, 1, 0, 0, 0)", .budgetDays),

        Forgery("step", "id", "99", of: "id = 4", .steps),
        Forgery("step", "episode", "1, idx = 1", of: "id = 4", .steps),
        Forgery("step", "state", "'abandoned'", of: "id = 4", .steps),
        Forgery(
            "step", "state", "'running', ended_at_ms = NULL, text = NULL, stop_reason = NULL", of: "id = 4", .steps),
        Forgery("step", "attempt", "7", of: "id = 1", .reservations),
        Forgery("step", "epoch", "7", of: "id = 1", .reservations),
        Forgery("step", "role", "'quick'", of: "id = 1", .reservations),
        Forgery("step", "role", "'deepthink'", of: "id = 4", .steps),
        Forgery("step", "is_exploration", "1", of: "id = 4", .steps),
        Forgery("step", "day", "day + 1", of: "id = 4", .steps),
        Forgery("step", "model", "'large'", of: "id = 4", .steps),
        Forgery("step", "ended_at_ms", "ended_at_ms + 1", of: "id = 4", .steps),
        Forgery("step", "text", "'5'", of: "id = 4", .jobs),
        Forgery("step", "prompt_tokens", "0", of: "id = 1", .steps),
        Forgery("step", "prompt_tokens", "0", of: "id = 1", .jobs),
        Forgery("step", "cached_tokens", "0", of: "id = 1", .steps),
        Forgery("step", "generated_tokens", "0", of: "id = 2", .steps),
        Forgery("step", "gpu_ms", "0", of: "id = 2", .steps),
        Forgery("DELETE FROM step WHERE id = 4", .steps),

        Forgery("reservation", "step", "4", of: "step = 1", .reservations),
        Forgery("reservation", "queue", "'other'", of: "step = 1", .reservations),
        Forgery("reservation", "day", "day + 1", of: "step = 1", .reservations),
        Forgery("reservation", "job", "3", of: "step = 1", .reservations),
        Forgery("reservation", "attempt", "7", of: "step = 1", .reservations),
        Forgery("reservation", "epoch", "7", of: "step = 1", .reservations),
        Forgery("reservation", "calls", "0", of: "step = 1", .reservations),
        Forgery("reservation", "tokens", "1", of: "step = 2", .reservations),
        Forgery("reservation", "gpu_ms", "1", of: "step = 2", .reservations),
        Forgery("reservation", "is_exploration", "1", of: "step = 1", .reservations),
        Forgery("reservation", "state", "'open'", of: "step = 1", .reservations),
        Forgery("reservation", "state", "'released'", of: "step = 2", .reservations),
        Forgery("DELETE FROM reservation WHERE step = 1", .reservations),

        Forgery("job", "queue", "'other'", of: "id = 3", .steps),
        Forgery("job", "submitter_uid", "7", of: "id = 3", .steps),
        Forgery("job", "batch", "NULL", of: "id = 3", .steps),
        Forgery("job", "reward", "1", of: "id = 3", .outcomes),
        Forgery("job", "reward", "NULL", of: "id = 3", .outcomes),
        Forgery("job", "episode", "1", of: "id = 3", .outcomes),
        Forgery("job", "state", "'completed', ended_at_ms = 1", of: "id = 4", .jobs),
        Forgery("UPDATE episode SET ended_at_ms = NULL, end_reason = NULL WHERE id = 3", .jobs),
        Forgery("answer", "text", "'5'", of: "episode = 3", .jobs),
        Forgery("answer", "end_reason", "'step-limit'", of: "episode = 3", .jobs),
        Forgery("DELETE FROM answer WHERE episode = 3", .jobs),
        Forgery("outcome", "reward", "0", of: "seq = 1", .outcomes),
        Forgery("outcome", "reward", "0", of: "seq = 4", .outcomes),
        Forgery("outcome", "job", "1", of: "seq = 4", .outcomes),
        Forgery("outcome", "queue", "'other'", of: "seq = 4", .outcomes),
        Forgery("outcome", "episode", "1", of: "seq = 4", .outcomes),
        Forgery("DELETE FROM outcome WHERE seq = 4", .outcomes),
        Forgery("transition", "reward", "0", of: "outcome = 3", .outcomes),
        Forgery("transition", "step", "1", of: "outcome = 3", .outcomes),
        Forgery("DELETE FROM transition WHERE outcome = 3", .outcomes),
    ])
    func `a forged value is found by the check that is about it`(forgery: Forgery) async throws {
        let fixture = try await books()
        try unguarded(fixture).execute(forgery.sql)
        let differences = try await fixture.reader.verifyBooks().differences
        #expect(differences.contains { $0.check == forgery.check }, "\(differences)")
    }

    /// Events that an older londid entered get their seals with the upgrade; what was forged before cannot be told.
    @Test func `events from before the seals are sealed by the upgrade, which is told`() async throws {
        let place = TemporaryDirectory()
        let old = Migration.compiledIn.filter { $0.name < "0016" }
        let later = morning.advanced(byMilliseconds: 5_000)
        do {
            _ = try Store(directory: place.path, now: morning, migrations: old)
            try place.rawConnection().execute(
                """
                INSERT INTO admin_event (at_ms, uid, user, action, subject, detail)
                VALUES (1, 0, 'root', 'queue.create', 'a', ''), (2, 0, 'root', 'queue.set', 'a', 'share=1->2')
                """)
        }
        let store = try Store(directory: place.path, now: later)
        let report = try await store.makeReader().verifyBooks()
        #expect(report.differences == [])
        #expect(report.eventCount == 3)
        #expect(report.eventsSealedAt == later)
        #expect(try await store.makeReader().adminEvents(limit: 1)[0].detail.hasPrefix("events=1-2,"))
        try place.rawConnection().execute(
            "DROP TRIGGER admin_event_never_changes; UPDATE admin_event SET detail = 'share=1->3' WHERE seq = 2")
        #expect(try await store.makeReader().verifyBooks().differences.map(\.subject) == ["administrative event 2"])
    }

    /// One damaged job must not keep the others' results.
    @Test func `a damaged request is told with its job and keeps nobody else from theirs`() async throws {
        let fixture = try await books()
        try unguarded(fixture).execute("UPDATE payload SET specification = '{' WHERE job = 2")
        let results = try await fixture.reader.results(of: [JobID(1), JobID(2), JobID(3)])
        #expect(results.map(\.request.isSound) == [true, false, true])
        #expect(results.map(\.answer) == ["4", "4", "4"])
        #expect(try await fixture.reader.verifyBooks().differences.map(\.subject) == ["request of job 2"])
        let file = try await Backups(store: fixture.store).make()
        let shelf = TemporaryDirectory()
        shelf.write(try file.read(at: 0, count: Int(file.byteCount)), to: "copy")
        await #expect {
            try await Restoration.check("\(shelf.path)/copy")
        } throws: { error in
            guard case .unsoundBackup(_, let reason) = error as? StorageError else { return false }
            return reason.contains("request of job 2")
        }
    }
}

/// An audit of a large ledger takes long: it says how far it is, and it ends with whoever asked for it.
@Suite struct LedgerAuditTests {
    @Test func `an audit tells what it checks, in the order of the checks`() async throws {
        let fixture = try await Fixture()
        for _ in 1...3 { try await fixture.complete(1) }
        let (steps, progress) = AsyncStream.makeStream(of: BooksProgress.self)
        _ = try await fixture.store.makeAuditReader().verifyBooks { progress.yield($0) }
        progress.finish()
        var seen: [BooksProgress] = []
        for await step in steps { seen.append(step) }
        #expect(seen.map(\.check) == BookCheck.allCases)
        #expect(seen.map(\.entryCount) == [0] + BookCheck.allCases.dropFirst().map { _ in 3 })
        #expect(seen.allSatisfy { $0.total == 3 })
    }

    /// SQLite asks every 10,000 steps of its machine, so the statement must be longer than that.
    @Test func `an audit ends with the task that asked for it, and its reader can be used again`() async throws {
        let fixture = try await Fixture()
        try await fixture.complete(1)
        try fixture.directory.rawConnection().execute(
            """
            WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 20000)
            INSERT INTO arrival (queue, slot, jobs) SELECT 'maths', n, 1 FROM number
            """)
        let reader = try fixture.store.makeAuditReader()
        let audit = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await reader.verifyBooks()
        }
        await #expect(throws: StorageError.cancelled) { try await audit.value }
        #expect(try await reader.verifyBooks().differences == [])
    }
}
