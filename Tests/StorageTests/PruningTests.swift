import Domain
import SQLite
import Storage
import Testing

/// Old jobs go, and nothing that anybody still counts on goes with them.
@Suite struct PruningTests {
    private static let later = morning.advanced(byMilliseconds: 90 * 86_400_000)

    private func rule(_ fixture: Fixture, before: Timestamp = later, keeping count: Int = 0) -> PruningRule {
        PruningRule(queue: fixture.queue, before: before, keptEpisodes: count)
    }

    /// A whole round, in steps of `limit`. Returns how many jobs went.
    @discardableResult
    private func prune(_ fixture: Fixture, _ rule: PruningRule, limit: Int = 500) async throws -> Int {
        var (count, after): (Int, PruningPlace?) = (0, nil)
        repeat {
            let step = try await fixture.store.prune(rule, after: after, limit: limit, now: Self.later)
            count += step.jobCount
            after = step.next
        } while after != nil
        return count
    }

    private func ids(_ fixture: Fixture) async throws -> [Int64] {
        try await fixture.reader.jobs(JobFilter(limit: 1_000)).map(\.id.number).reversed()
    }

    private func expectSound(_ fixture: Fixture, _ comment: Comment? = nil) async throws {
        #expect(try await fixture.reader.verifyBooks().differences == [], comment)
    }

    @Test func `a pruned job leaves its ledger entries and their sums`() async throws {
        let fixture = try await Fixture()
        for role in [Role.deepthink, .quick] { try await fixture.complete(1, role: role) }
        #expect(try await prune(fixture, rule(fixture)) == 2)
        for table in ["job", "payload", "episode", "answer", "step", "reservation", "outcome", "transition"] {
            #expect(try fixture.rowCount(table) == 0, "\(table)")
        }
        #expect(try fixture.rowCount("ledger_entry") == 2)
        let kept = try #require(try await fixture.reader.prunedJob(JobID(1)))
        #expect(kept.queue == fixture.queue && kept.batch == nil && kept.submitter == alice)
        #expect(kept.state == .completed && kept.endedAt == morning && kept.prunedAt == Self.later)
        #expect(kept.entryCount == 1)
        #expect(kept.quick == .zero)
        #expect(kept.deepthink == Spend(calls: 1, tokens: 160, gpuMilliseconds: 1_500))
        try await expectSound(fixture)
        await #expect(throws: StorageError.noSuchJob(JobID(1))) { try await fixture.reader.job(JobID(1)) }
        #expect(try await fixture.reader.prunedJob(JobID(3)) == nil)
        // Numbers are never given twice.
        #expect(try await fixture.submit() == JobID(3))
    }

    @Test func `only jobs that ended before the instant go`() async throws {
        let fixture = try await Fixture()
        let noon = morning.advanced(byMilliseconds: 4 * 3_600_000)
        try await fixture.complete(1)
        try await fixture.complete(1, now: noon)
        let waiting = try await fixture.submit()
        let running = try await fixture.claim().claim
        #expect(running.job == waiting)
        #expect(try await prune(fixture, rule(fixture, before: morning)) == 0)
        #expect(try await prune(fixture, rule(fixture, before: noon)) == 1)
        #expect(try await ids(fixture) == [2, 3])
        #expect(try await prune(fixture, rule(fixture)) == 1)
        #expect(try await ids(fixture) == [3])
        try await expectSound(fixture)
    }

    @Test func `another queue's jobs stay`() async throws {
        let fixture = try await Fixture()
        try await fixture.complete(1)
        let other = try QueueName("physics")
        try await fixture.store.createQueue(other, QueueSettings(), by: admin, now: morning)
        let rule = PruningRule(queue: other, before: Self.later, keptEpisodes: 0)
        #expect(try await prune(fixture, rule) == 0)
        #expect(try await ids(fixture) == [1])
    }

    @Test func `the newest judged episodes stay, whenever they were judged`() async throws {
        let fixture = try await Fixture()
        for _ in 1...4 { try await fixture.complete(1) }
        try await fixture.complete(nil)
        // The oldest job is judged anew, which makes it the newest.
        try await fixture.store.recordFeedback(JobID(1), reward: 0, by: alice, now: morning)
        let before = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 2)
        #expect(try await prune(fixture, rule(fixture, keeping: 2)) == 3)
        #expect(try await ids(fixture) == [1, 4])
        #expect(try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 2) == before)
        try await expectSound(fixture)
    }

    @Test func `a job stays while one that has not ended waits for it`() async throws {
        let fixture = try await Fixture()
        for _ in 1...2 { try await fixture.complete(1) }
        let (ended, waiting) = (try await fixture.complete(1), try await fixture.submit())
        try fixture.directory.rawConnection().execute(
            """
            INSERT INTO dependency VALUES (\(waiting), 1, 'after-any'), (\(ended), 2, 'after-ok'), (\(waiting), 2, 'after-ok')
            """)
        #expect(try await prune(fixture, rule(fixture)) == 1)
        #expect(try await ids(fixture) == [1, 2, 4])
        _ = try await fixture.store.cancelJob(waiting, by: admin, now: morning)
        #expect(try await prune(fixture, rule(fixture)) == 3)
        #expect(try fixture.rowCount("dependency") == 0)
        try await expectSound(fixture)
    }

    /// Retried after its need went, it would run as if that had completed.
    @Test func `a job stays while its batch keeps one that was cancelled for want of it`() async throws {
        let fixture = try await Fixture()
        let needed = try await fixture.submit()
        let batch = try await fixture.store.beginBatch(
            queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        let waiting = NewJob(line: 1, customID: "p1", specification: "{}", needs: [Need(.afterOK, .job(needed))])
        let long = NewJob(line: 2, customID: "p2", specification: "{}")
        try await fixture.store.appendJobs([waiting, long], to: batch, now: morning)
        _ = try await fixture.store.commitBatch(
            batch, sha256: String(repeating: "a", count: 64), allowDuplicate: false, now: morning)
        let failure = JobEnd.failed(JobFailure(code: "x", message: "y"))
        _ = try await fixture.store.settleJob(try await fixture.claim().claim, failure, now: morning)
        #expect(try await fixture.reader.batch(batch).counts == [.cancelled: 1, .pending: 1])
        #expect(try await prune(fixture, rule(fixture)) == 0)
        await #expect(
            throws: StorageError.jobNotRetryable(
                JobID(2), complaint: "needs job 1, which is failed", remedy: "retry that one first, or with it")
        ) { try await fixture.store.retryJobs([JobID(2)], includesCancelled: true, by: alice, now: Self.later) }
        _ = try await fixture.store.settleJob(try await fixture.claim().claim, failure, now: morning)
        #expect(try await prune(fixture, rule(fixture)) == 3)
        try await expectSound(fixture)
    }

    @Test func `a batch stays whole until it has ended, and goes with its last job`() async throws {
        let fixture = try await Fixture()
        func submit() async throws -> BatchCommit {
            let batch = try await fixture.store.beginBatch(
                queue: fixture.queue, submitter: alice, fileName: "p", now: morning)
            let jobs = (1...3).map { NewJob(line: Int64($0), customID: "\($0)", specification: "{}") }
            try await fixture.store.appendJobs(jobs, to: batch, now: morning)
            return try await fixture.store.commitBatch(
                batch, sha256: String(repeating: "a", count: 64), allowDuplicate: false, now: morning)
        }
        let first = try await submit()
        let failure = JobEnd.failed(JobFailure(code: "x", message: "y"))
        for _ in 1...2 {
            _ = try await fixture.store.settleJob(try await fixture.claim().claim, failure, now: morning)
        }
        #expect(try await prune(fixture, rule(fixture), limit: 1) == 0)
        _ = try await fixture.store.settleJob(try await fixture.claim().claim, failure, now: morning)
        _ = try await fixture.store.prune(rule(fixture), limit: 2, now: Self.later)
        #expect(try await fixture.reader.batch(first.batch).counts == [.failed: 1])
        // The same file again: the first batch does not have all of it any more.
        let second = try await submit()
        #expect(!second.isDuplicate)
        #expect(try await prune(fixture, rule(fixture)) == 1)
        await #expect(throws: StorageError.noSuchBatch(first.batch)) { try await fixture.reader.batch(first.batch) }
        #expect(try await fixture.reader.prunedJob(JobID(1))?.batch == first.batch)
        #expect(try await submit().batch == second.batch)
        try await expectSound(fixture)
    }

    @Test func `a cancelled job stays until its last step has ended`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        guard
            case .begun(let step, _, _) = try await fixture.store.beginStep(
                fixture.start(claim), choose: { _, _ in .write(Decision(role: .deepthink), features: []) })
        else { throw NothingToClaim() }
        _ = try await fixture.store.cancelJob(claim.job, by: admin, now: morning)
        #expect(try await prune(fixture, rule(fixture)) == 0)
        #expect(try await fixture.store.finishStep(step, claim, generated(), now: morning) == .settled)
        #expect(try await prune(fixture, rule(fixture)) == 1)
        try await expectSound(fixture)
    }

    @Test func `a key is free again once its job was pruned`() async throws {
        let fixture = try await Fixture()
        let keyed = NewJob(specification: "{}", idempotencyKey: "k")
        let first = try await fixture.submit(keyed)
        _ = try await fixture.store.cancelJob(first, by: alice, now: morning)
        #expect(try await fixture.submit(keyed) == first)
        try await prune(fixture, rule(fixture))
        #expect(try await fixture.submit(keyed) != first)
    }

    @Test func `spend by user keeps the user's name`() async throws {
        let fixture = try await Fixture()
        try await fixture.complete(1)
        let filter = SpendFilter(days: today...today)
        let before = try await fixture.reader.spend(filter, by: [.user])
        #expect(before.map(\.user) == ["alice"])
        try await prune(fixture, rule(fixture))
        #expect(try await fixture.reader.spend(filter, by: [.user]) == before)
    }

    @Test func `a step looks at no more jobs than it may, and says when there is more to come`() async throws {
        let fixture = try await Fixture()
        for _ in 1...5 { try await fixture.complete(1) }
        let first = try await fixture.store.prune(rule(fixture), limit: 2, now: Self.later)
        #expect(first.jobCount == 2 && first.next?.job == JobID(2) && first.firstYoung == nil)
        let look = try await fixture.reader.prunable(rule(fixture), limit: 500)
        #expect(look == PruningStep(jobCount: 3, next: nil, firstYoung: nil))
        #expect(try await ids(fixture) == [3, 4, 5])
        let young = try await fixture.store.prune(rule(fixture, before: morning), limit: 2, now: Self.later)
        #expect(young == PruningStep(jobCount: 0, next: nil, firstYoung: morning))
    }

    /// One search in the index of the queue's list; nothing reads the whole table.
    @Test func `a step searches, it does not scan`() async throws {
        let fixture = try await Fixture()
        let raw = try fixture.directory.rawConnection()
        for sql in Store.pruningSQL {
            let statement = try raw.statement("EXPLAIN QUERY PLAN " + sql)
            while try statement.step() {
                guard case .text(let line) = statement.value("detail"), line.hasPrefix("SCAN") else { continue }
                #expect(line.hasPrefix("SCAN json_each") || line.contains("step_running"), "\(line) in \(sql)")
            }
        }
    }

    /// Whoever can write the file could hide spend behind a pruned job.
    @Test(arguments: [
        ("DROP TRIGGER pruned_job_never_changes; UPDATE pruned_job SET deepthink_tokens = 0", BookCheck.pruned),
        ("DROP TRIGGER pruned_job_never_goes; DELETE FROM pruned_job", .steps),
        ("DROP TRIGGER ledger_entry_never_goes; DELETE FROM ledger_entry WHERE seq = 1", .pruned),
        (
            """
            INSERT INTO job (id, queue, submitter_uid, submitter_name, state, pending_reason, priority, created_at_ms)
            VALUES (1, 'maths', 1, 'x', 'pending', 'Priority', 0, 0)
            """, .pruned
        ),
    ])
    func `a change of what is left of a pruned job is found`(sql: String, check: BookCheck) async throws {
        let fixture = try await Fixture()
        for _ in 1...2 { try await fixture.complete(1, role: .deepthink) }
        try await prune(fixture, rule(fixture))
        try await expectSound(fixture)
        try fixture.directory.rawConnection().execute(sql)
        let differences = try await fixture.reader.verifyBooks().differences
        #expect(differences.contains { $0.check == check }, "\(differences)")
    }

    @Test(arguments: ["UPDATE pruned_job SET entry_count = 0, quick_calls = 0", "DELETE FROM pruned_job"])
    func `the database itself refuses to change what is left`(sql: String) async throws {
        let fixture = try await Fixture()
        try await fixture.complete(1)
        try await prune(fixture, rule(fixture))
        let error = #expect(throws: SQLiteError.self) { try fixture.directory.rawConnection().execute(sql) }
        #expect(error?.kind == .constraint)
    }

    /// Foreign keys are off while rows go; nothing may find them off afterwards.
    @Test func `foreign keys hold again after a step`() async throws {
        let fixture = try await Fixture()
        try await fixture.complete(1)
        try await prune(fixture, rule(fixture))
        #expect(try await fixture.store.enforcesForeignKeys())
    }

    /// A random history, pruned in random steps with a crash between them: what counts is the same before and after.
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func `pruning changes no spend, no budget and nothing that is learnt from`(seed: UInt64) async throws {
        var random = SplitMix64(state: seed)
        var fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1_000)))
        for _ in 1...Int.random(in: 5...40, using: &random) { try await live(fixture, &random) }
        let kept = Int.random(in: 0...10, using: &random)
        let rule = PruningRule(
            queue: fixture.queue, before: morning.advanced(byMilliseconds: Int64.random(in: 0...20, using: &random)),
            keptEpisodes: kept)
        let before = try await Accounts(of: fixture, learning: max(kept, 1))
        let expected = try await fixture.reader.prunable(rule, limit: 500).jobCount
        var (count, after): (Int, PruningPlace?) = (0, nil)
        repeat {
            let limit = Int.random(in: 1...7, using: &random)
            let step = try await fixture.store.prune(rule, after: after, limit: limit, now: Self.later)
            count += step.jobCount
            after = step.next
            if Int.random(in: 0..<4, using: &random) == 0 { fixture = try Fixture(crashed: fixture) }
            try await expectSound(fixture, "seed \(seed)")
        } while after != nil
        #expect(count == expected, "seed \(seed)")
        let now = try await Accounts(of: fixture, learning: max(kept, 1))
        #expect(now.spend == before.spend, "seed \(seed)")
        #expect(now.budgets == before.budgets, "seed \(seed)")
        if kept > 0 { #expect(now.episodes == before.episodes, "seed \(seed)") }
    }

    /// What must be the same before and after.
    private struct Accounts {
        let spend: [[SpendRow]]
        let budgets: [QueueBudget]
        let episodes: TrainingEpisodes

        init(of fixture: Fixture, learning limit: Int) async throws {
            var spend: [[SpendRow]] = []
            for groups in SpendGroup.allCases.map({ [$0] }) + [[]] {
                spend.append(try await fixture.reader.spend(SpendFilter(days: today...today), by: groups))
            }
            self.spend = spend
            budgets = try await fixture.reader.budgets([fixture.queue: today])
            episodes = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: limit)
        }
    }

    /// One job's life, more or less of it.
    private func live(_ fixture: Fixture, _ random: inout SplitMix64) async throws {
        let now = morning.advanced(byMilliseconds: Int64.random(in: 0...20, using: &random))
        let role = Bool.random(using: &random) ? Role.deepthink : .quick
        switch Int.random(in: 0..<6, using: &random) {
        case 0: try await fixture.submit()
        case 1: _ = try await fixture.store.cancelJob(try await fixture.submit(), by: alice, now: now)
        case 2:
            try await fixture.submit()
            guard let claim = try await fixture.store.claim(now: now)?.claim else { return }
            let first = try await fixture.reader.steps(claim.job).count { $0.state == .written }
            for index in 0..<Int.random(in: 1...3, using: &random) {
                try await fixture.writeStep(claim, index: first + index, role: role, now: now)
            }
            let end = JobEnd.failed(JobFailure(code: "x", message: "y"))
            _ = try await fixture.store.settleJob(claim, end, now: now)
        case 3:
            let job = try await fixture.complete(0, role: role, now: now)
            try await fixture.store.recordFeedback(job, reward: 1, by: alice, now: now)
        default: try await fixture.complete(Bool.random(using: &random) ? 1 : nil, role: role, now: now)
        }
    }
}
