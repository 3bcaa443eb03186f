import Domain
import Storage
import Testing

/// How many jobs came when: counted exactly once, with the transaction that accepts them.
@Suite struct ArrivalTests {
    private static let sha256 = String(repeating: "a", count: 64)
    private static let quarter = Arrival.slotMilliseconds

    private func arrivals(_ fixture: Fixture) async throws -> [Arrival] {
        try await fixture.reader.arrivals(fixture.queue, slots: 0..<Int64.max)
    }

    private func batch(
        _ fixture: Fixture, _ count: Int, now: Timestamp = morning, sha256: String = Self.sha256
    ) async throws -> BatchCommit {
        let batch = try await fixture.store.beginBatch(
            queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        let jobs = (1...Int64(count)).map { NewJob(line: $0, customID: "p\($0)", specification: "{}") }
        try await fixture.store.appendJobs(jobs, to: batch, now: morning)
        return try await fixture.store.commitBatch(batch, sha256: sha256, allowDuplicate: false, now: now)
    }

    @Test func `jobs and batches are counted in the quarter in which they were accepted`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        try await fixture.submit()
        _ = try await batch(fixture, 30, now: morning.advanced(byMilliseconds: 3 * Self.quarter))
        let slot = Arrival.slot(of: morning)
        let expected = [Arrival(slot: slot, jobCount: 2), Arrival(slot: slot + 3, jobCount: 30)]
        #expect(try await arrivals(fixture) == expected)
        #expect(try await fixture.reader.arrivals(fixture.queue, slots: slot..<(slot + 3)) == [expected[0]])
        let crashed = try Fixture(crashed: fixture)
        #expect(try await arrivals(crashed) == expected)
    }

    @Test func `what was accepted before, given up or refused is not counted`() async throws {
        let fixture = try await Fixture()
        let job = NewJob(specification: "{}", idempotencyKey: "key")
        try await fixture.submit(job)
        try await fixture.submit(job)
        _ = try await batch(fixture, 5)
        #expect(try await batch(fixture, 5).isDuplicate)
        let abandoned = try await fixture.store.beginBatch(
            queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        try await fixture.store.appendJobs(
            [NewJob(line: 1, customID: "x", specification: "{}")], to: abandoned, now: morning)
        try await fixture.store.abandonBatch(abandoned)
        try await fixture.store.setQueue(fixture.queue, QueueSettings(isDraining: true), by: admin, now: morning)
        await #expect(throws: StorageError.queueDraining(fixture.queue)) { try await fixture.submit() }
        #expect(try await arrivals(fixture) == [Arrival(slot: Arrival.slot(of: morning), jobCount: 6)])
    }

    @Test func `arrivals of more than sixty days ago go`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let slot = Arrival.slot(of: morning)
        func submit(daysLater days: Int64) async throws {
            _ = try await fixture.store.submitJob(
                NewJob(specification: "{}"), queue: fixture.queue, submitter: alice,
                now: morning.advanced(byMilliseconds: days * 86_400_000))
        }
        try await submit(daysLater: 60)
        #expect(try await arrivals(fixture).map(\.slot) == [slot, slot + 60 * 96])
        try await submit(daysLater: 61)
        #expect(try await arrivals(fixture).map(\.slot) == [slot + 60 * 96, slot + 61 * 96])
    }

    @Test func `the rest of a day is what waits and may run in it, what runs, and what has come`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 9)))
        let day = today
        let end = morning.advanced(byMilliseconds: 6 * 3_600_000)
        func record() async throws -> PacingRecord {
            try await fixture.reader.pacingRecord(
                fixture.queue, day: day, interval: morning.advanced(byMilliseconds: -3_600_000)..<end)
        }
        #expect(try await record().waitingCount == 0)
        try await fixture.complete(1, role: .deepthink)
        try await fixture.complete(1, role: .quick)
        for _ in 0..<3 { try await fixture.submit() }
        let first = try await fixture.claim()
        try await fixture.submit(NewJob(specification: "{}", notBefore: end.advanced(byMilliseconds: -1)))
        try await fixture.submit(NewJob(specification: "{}", notBefore: end))
        try await fixture.submit(NewJob(specification: "{}", needs: [Need(.afterAny, .job(first.claim.job))]))
        let other = try QueueName("other")
        try await fixture.store.createQueue(other, QueueSettings(), by: admin, now: morning)
        try await fixture.submit(to: other)
        let found = try await record()
        #expect(found.waitingCount == 4)
        #expect(found.runningCount == 1)
        #expect(found.arrivedCount == 8)
        #expect(found.settled == Spend(calls: 1, tokens: 160, gpuMilliseconds: 1_500))
    }

    /// A price is recorded with the step that met it.
    @Test func `a step's price is kept`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        for (index, price) in [0.125, nil].enumerated() {
            let begun = try await fixture.store.beginStep(fixture.start(claim, index: index)) { _, _ in
                .write(Decision(role: .quick, price: price), features: [])
            }
            guard case .begun(let step, _, _) = begun else { throw NotBegun(step: begun) }
            _ = try await fixture.store.finishStep(step, claim, generated(), now: morning)
        }
        #expect(try await fixture.reader.steps(job).map(\.decision.price) == [0.125, nil])
    }

    @Test func `exploration is counted in every unit, running steps at their worst case`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(tokens: 10_000)))
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        let begun = try await fixture.store.beginStep(fixture.start(claim)) { _, _ in
            .write(Decision(role: .deepthink, isExploration: true), features: [])
        }
        guard case .begun(let step, _, _) = begun else { throw NotBegun(step: begun) }
        #expect(try await fixture.reader.budgets([fixture.queue: today])[0].budget.exploration == bound)
        _ = try await fixture.store.finishStep(step, claim, generated(), now: morning)
        try await fixture.writeStep(claim, index: 1, role: .deepthink)
        let budget = try await fixture.reader.budgets([fixture.queue: today])[0].budget
        #expect(budget.exploration == Spend(calls: 1, tokens: 160, gpuMilliseconds: 1_500))
        #expect(budget.spent.calls == 2)
    }
}
