import Domain
import Storage
import Testing

/// What people and programs see of the queue.
@Suite struct ListTests {
    @Test func `who changes what has changed since is told so and changes nothing`() async throws {
        let fixture = try await Fixture()
        let known = try await fixture.reader.queue(fixture.queue).settings
        var (first, second) = (known, known)
        first.isPaused = true
        second.share = 7
        #expect(try await fixture.store.setQueue(fixture.queue, first, from: known, by: admin, now: morning))
        #expect(try await !fixture.store.setQueue(fixture.queue, second, from: known, by: alice, now: morning))
        #expect(try await fixture.reader.queue(fixture.queue).settings == first)
    }

    @Test func `jobs are listed newest first, filtered and in pages`() async throws {
        let fixture = try await Fixture()
        let physics = try QueueName("physics")
        try await fixture.store.createQueue(physics, QueueSettings(), by: admin, now: morning)
        for _ in 1...3 { try await fixture.submit() }
        try await fixture.submit(to: physics)
        _ = try await fixture.store.cancelJob(JobID(2), by: alice, now: morning)
        func ids(_ filter: JobFilter) async throws -> [Int64] { try await fixture.reader.jobs(filter).map(\.id.number) }
        #expect(try await ids(JobFilter()) == [4, 3, 2, 1])
        #expect(try await ids(JobFilter(limit: 2)) == [4, 3])
        #expect(try await ids(JobFilter(before: JobID(3), limit: 2)) == [2, 1])
        #expect(try await ids(JobFilter(queue: physics)) == [4])
        #expect(try await ids(JobFilter(states: [.cancelled, .running])) == [2])
        #expect(try await ids(JobFilter(states: [.pending], uid: 1000)) == [4, 3, 1])
        #expect(try await ids(JobFilter(uid: 1001)) == [])
    }

    /// Whoever asks for the jobs that run, or that failed, does not wait for a look at a million others.
    @Test(
        arguments: [
            (JobFilter(states: [.running]), false, "job_running"),
            (JobFilter(states: [.failed]), false, "job_unanswered"),
            (JobFilter(states: [.timeout, .cancelled], uid: 7), true, "job_unanswered"),
            (JobFilter(states: [.running], uid: 7, before: JobID(9)), true, "job_running"),
            (JobFilter(states: [.failed, .completed]), true, "job_of_queue"),
            (JobFilter(batch: BatchID(1), states: [.failed]), false, "job_of_batch"),
        ])
    func `a list of what is rare searches an index of it`(
        filter: JobFilter, isOfQueue: Bool, index: String
    ) async throws {
        let fixture = try await Fixture()
        var filter = filter
        if isOfQueue { filter.queue = fixture.queue }
        let plan = try fixture.plan(of: StoreReader.list(filter).sql)
        #expect(plan.contains { $0.contains("INDEX \(index)") }, "\(plan)")
    }

    @Test func `results follow the file and carry use by role`() async throws {
        let fixture = try await Fixture()
        let batch = try await fixture.store.beginBatch(
            queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        let jobs = (Int64(1)...3).map { (line: Int64) in
            NewJob(line: line, customID: "p\(line)", specification: "{\"line\":\(line)}")
        }
        try await fixture.store.appendJobs(jobs, to: batch, now: morning)
        _ = try await fixture.store.commitBatch(
            batch, sha256: String(repeating: "0", count: 64), allowDuplicate: false, now: morning)
        let first = try await fixture.claim().claim
        try await fixture.writeStep(first, index: 0, role: .quick)
        try await fixture.writeStep(first, index: 1, role: .deepthink)
        let outcome = Outcome(answer: "4", end: .answered, reward: 1)
        _ = try await fixture.store.settleJob(first, .completed(outcome), now: morning)
        let failure = JobFailure(code: "verifier", message: "it crashed")
        _ = try await fixture.store.settleJob(fixture.claim().claim, .failed(failure), now: morning)

        let ended = try await fixture.reader.ended(in: batch, limit: 10)
        #expect(ended.map(\.job) == [JobID(1), JobID(2)])
        #expect(try await fixture.reader.ended(in: batch, limit: 1).map(\.job) == [JobID(1)])
        #expect(try await fixture.reader.ended(in: batch, after: JobID(1), limit: 1).map(\.job) == [JobID(2)])
        let results = try await fixture.reader.results(of: ended.map(\.job))
        #expect(results.map(\.state) == [.completed, .failed])
        #expect(results[0].answer == "4")
        #expect(results[0].quick.generatedTokens == 60)
        #expect(results[0].deepthink.stepCount == 1)
        #expect(results[1].failure == failure)
        #expect(results[1].quick == .none)
        let rest = try await fixture.reader.results(of: [JobID(3)])
        #expect(rest.map(\.request.specification) == ["{\"line\":3}"])
        let record = try await fixture.reader.batch(batch)
        #expect(record.counts == [.completed: 1, .failed: 1, .pending: 1])
        #expect(!record.isDone)
        _ = try await fixture.store.cancelJob(rest[0].job, by: alice, now: morning)
        #expect(try await fixture.reader.batch(batch).isDone)
    }

    @Test func `queues keep every setting, and changes are recorded with who made them`() async throws {
        let settings = QueueSettings(
            limits: BudgetLimits(calls: 30, tokens: nil, gpuMilliseconds: 60_000), timeZone: "Europe/Berlin",
            onBudget: .fail, deepthinkCallsPerJob: 4, observe: .draft,
            switcher: SwitcherSettings(
                kind: .threshold, cost: 0.125, parameter: -0.75, explorationRate: 0.25, explorationShare: 0.5),
            maxSteps: 9, stepTokens: 77, maxAttempts: 5, isPaused: true)
        let fixture = try await Fixture(settings)
        #expect(try await fixture.reader.queue(fixture.queue).settings == settings)
        await #expect(throws: StorageError.queueExists(fixture.queue)) {
            try await fixture.store.createQueue(fixture.queue, settings, by: admin, now: morning)
        }
        var changed = settings
        changed.limits.calls = 40
        changed.isPaused = false
        changed.deepthinkCallsPerJob = nil
        changed.observe = .state
        try await fixture.store.setQueue(fixture.queue, changed, by: alice, now: morning)
        try await fixture.store.setQueue(fixture.queue, changed, by: alice, now: morning)
        #expect(try await fixture.reader.queue(fixture.queue).settings == changed)
        let events = try await fixture.reader.adminEvents(limit: 10)
        #expect(events.map(\.action) == ["queue.set", "queue.create"])
        #expect(events[0].detail == "limit-calls=30->40 calls-per-job=4->none observe=draft->state paused=true->false")
        #expect(events[0].user == alice)
        changed.maxSteps = 0
        await #expect(
            throws: StorageError.invalidSettings(
                queue: fixture.queue, complaint: "0 steps are too few: use 1 or more")
        ) { try await fixture.store.setQueue(fixture.queue, changed, by: alice, now: morning) }
    }
}
