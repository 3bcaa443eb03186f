import Domain
import SQLite
import Storage
import Testing

/// Who runs next, and who must not be looked at.
@Suite struct ClaimTests {
    @Test func `jobs are claimed by priority and then by age, each once`() async throws {
        let fixture = try await Fixture()
        let low = try await fixture.submit(NewJob(specification: "{}", priority: -1))
        let first = try await fixture.submit()
        let second = try await fixture.submit()
        let high = try await fixture.submit(NewJob(specification: "{}", priority: 5))
        var order: [JobID] = []
        while let job = try await fixture.store.claim(now: morning) { order.append(job.claim.job) }
        #expect(order == [high, first, second, low])
    }

    @Test func `queues take turns however full one is`() async throws {
        let fixture = try await Fixture()
        let other = try QueueName("physics")
        try await fixture.store.createQueue(other, QueueSettings(), by: admin, now: morning)
        for _ in 1...4 { try await fixture.submit(NewJob(specification: "{}", priority: 9)) }
        for _ in 1...2 { try await fixture.submit(to: other) }
        var order: [String] = []
        while let job = try await fixture.store.claim(now: morning) { order.append(job.queue.text) }
        #expect(order == ["maths", "physics", "maths", "physics", "maths", "maths"])
    }

    @Test func `a claim carries what a runner needs`() async throws {
        let fixture = try await Fixture(QueueSettings(maxSteps: 7, maxAttempts: 4))
        try await fixture.submit(NewJob(customID: "x", specification: "{\"a\":1}", maxAttempts: 2))
        let job = try await fixture.claim()
        #expect(job.claim == Claim(job: JobID(1), episode: EpisodeID(1), attempt: 1, epoch: fixture.store.epoch))
        #expect(job.settings.maxSteps == 7)
        #expect(job.maxAttempts == 2)
        #expect(job.request.specification == "{\"a\":1}")
        #expect(job.customID == "x")
        #expect(job.submitter == alice)
        #expect(job.steps == [])
    }

    @Test func `a paused queue gives no job and says so`() async throws {
        let fixture = try await Fixture(QueueSettings(isPaused: true))
        let job = try await fixture.submit()
        #expect(try await fixture.store.claim(now: morning) == nil)
        #expect(try await fixture.reader.job(job).job.pendingReason == .queuePaused)
        try await fixture.store.setQueue(fixture.queue, QueueSettings(), by: admin, now: morning)
        #expect(try await fixture.reader.job(job).job.pendingReason == .priority)
        #expect(try await fixture.claim().claim.job == job)
    }

    @Test func `a job waits for its time and wakes at it`() async throws {
        let fixture = try await Fixture()
        let later = morning.advanced(byMilliseconds: 1_000)
        let job = try await fixture.submit(NewJob(specification: "{}", notBefore: later))
        #expect(try await fixture.reader.job(job).job.pendingReason == .notBefore)
        #expect(try await fixture.store.claim(now: later) == nil)
        #expect(try await fixture.store.nextWake() == later)
        #expect(try await fixture.store.wakeDue(now: morning.advanced(byMilliseconds: 999)).wokenCount == 0)
        #expect(try await fixture.store.wakeDue(now: later).wokenCount == 1)
        #expect(try await fixture.store.nextWake() == nil)
        #expect(try await fixture.claim(now: later).claim.job == job)
    }

    @Test func `a job whose deadline passes while it waits ends as timeout`() async throws {
        let fixture = try await Fixture()
        let deadline = morning.advanced(byMilliseconds: 50)
        let job = try await fixture.submit(NewJob(specification: "{}", deadline: deadline))
        #expect(try await fixture.store.nextWake() == deadline)
        #expect(try await fixture.store.wakeDue(now: deadline).expired == [job])
        let record = try await fixture.reader.job(job).job
        #expect(record.state == .timeout)
        #expect(record.failure?.code == "deadline")
        #expect(try await fixture.store.nextWake() == nil)
    }

    @Test func `jobs that wait for a model wake together when it is back`() async throws {
        let fixture = try await Fixture()
        for _ in 1...2 { try await fixture.submit() }
        for _ in 1...2 {
            let claim = try await fixture.claim().claim
            let release = Release(.modelUnavailable(until: nil))
            #expect(try await fixture.store.releaseJob(claim, release, now: morning) == .released)
        }
        #expect(try await fixture.store.claim(now: morning) == nil)
        #expect(try await fixture.store.nextWake() == nil)
        #expect(try await fixture.store.wakeModelUnavailable() == 2)
        #expect(try await fixture.claim().claim.attempt == 2)
    }

    /// The settings that a claim uses are kept between claims.
    @Test func `a claim sees what was changed of its queue just before`() async throws {
        let fixture = try await Fixture()
        for _ in 1...3 { try await fixture.submit() }
        var settings = try await fixture.claim().settings
        settings.isPaused = true
        try await fixture.store.setQueue(fixture.queue, settings, by: alice, now: morning)
        #expect(try await fixture.store.claim(now: morning) == nil)
        settings.isPaused = false
        settings.maxSteps = 3
        try await fixture.store.setQueue(fixture.queue, settings, by: alice, now: morning)
        #expect(try await fixture.claim().settings == settings)
        let other = try QueueName("other")
        try await fixture.store.createQueue(other, QueueSettings(), by: alice, now: morning)
        _ = try await fixture.store.submitJob(
            NewJob(specification: "{}"), queue: other, submitter: alice, now: morning)
        #expect(Set([try await fixture.claim().queue, try await fixture.claim().queue]) == [fixture.queue, other])
    }

    /// A scan over 100,000 parked jobs takes milliseconds at each claim; a search in the partial index does not see
    /// them.
    @Test func `a claim searches the index of claimable jobs`() async throws {
        let fixture = try await Fixture()
        let connection = try fixture.directory.rawConnection()
        let statement = try connection.statement("EXPLAIN QUERY PLAN " + Store.nextClaimableSQL)
        try statement.bind(["maths"])
        var plan: [String] = []
        while try statement.step() {
            guard case .text(let line) = statement.value("detail") else { continue }
            plan.append(line)
        }
        #expect(
            plan == [
                "SEARCH job USING INDEX job_waiting (queue=? AND state=? AND pending_reason=?)",
                "SEARCH payload USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
            ])
    }
}
