import Domain
import SQLite
import Storage
import Testing

/// Who gets the next turn, and how many of a queue's jobs may run at once.
@Suite struct FairTurnTests {
    /// One queue of a made-up schedule: it has work from time to time.
    private struct Load {
        let name: QueueName
        let share: Int
        var hasWork = true
        var turns = 0
    }

    /// The difference of two queues' turns, weighted so that it is whole, over a stretch in which both had work.
    private struct Race {
        var least = 0
        var most = 0
        var now = 0
    }

    /// The bound of start-time fair queuing holds over every stretch of time, so for the widest difference within one.
    @Test(arguments: 1...200 as ClosedRange<UInt64>)
    func `queues with work get turns by their shares, whoever comes and goes`(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        var loads = try (0..<Int.random(in: 2...6, using: &random)).map { index in
            Load(name: try QueueName("q\(index)"), share: seed % 2 == 0 ? 1 : Int.random(in: 1...100, using: &random))
        }
        var turns = FairTurns()
        var races: [[Race]] = loads.map { _ in loads.map { _ in Race() } }
        for _ in 1...2_000 {
            if Int.random(in: 0..<20, using: &random) == 0 {
                let changed = Int.random(in: 0..<loads.count, using: &random)
                loads[changed].hasWork.toggle()
                for other in loads.indices { (races[changed][other], races[other][changed]) = (Race(), Race()) }
            }
            let ready = loads.indices.filter { loads[$0].hasWork }
            guard let next = ready.min(by: { turns.comesFirst(loads[$0].name, loads[$1].name) }) else { continue }
            turns.serve(loads[next].name, share: loads[next].share)
            for other in ready where other != next {
                let (r, s) = (loads[next].share, loads[other].share)
                races[next][other].now += s
                races[next][other].most = max(races[next][other].most, races[next][other].now)
                races[other][next].now -= s
                races[other][next].least = min(races[other][next].least, races[other][next].now)
                let race = races[next][other]
                #expect(race.most - race.least <= r + s, "seed \(seed): shares \(r) and \(s)")
            }
        }
    }

    @Test func `a queue that had nothing to do neither bursts nor starves`() throws {
        let (busy, idle) = (try QueueName("busy"), try QueueName("idle"))
        var turns = FairTurns()
        for _ in 1...1_000 { turns.serve(busy, share: 1) }
        var served: [QueueName] = []
        for _ in 1...6 {
            let next = turns.comesFirst(idle, busy) ? idle : busy
            turns.serve(next, share: 1)
            served.append(next)
        }
        #expect(served == [idle, busy, idle, busy, idle, busy])
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func `the store serves queues with work evenly, whatever their length and priorities`(seed: UInt64) async throws {
        var random = SplitMix64(state: seed)
        let fixture = try await Fixture()
        let names = try ["maths", "physics", "poems"].map { try QueueName($0) }
        for name in names.dropFirst() {
            try await fixture.store.createQueue(name, QueueSettings(), by: admin, now: morning)
        }
        var left: [QueueName: Int] = [:]
        for name in names {
            left[name] = Int.random(in: 1...30, using: &random)
            for _ in 0..<(left[name] ?? 0) {
                let priority = Int64.random(in: -9...9, using: &random)
                try await fixture.submit(NewJob(specification: "{}", priority: priority), to: name)
            }
        }
        var served: [QueueName: Int] = [:]
        while let job = try await fixture.store.claim(now: morning) {
            served[job.queue, default: 0] += 1
            left[job.queue, default: 0] -= 1
            let turns = names.filter { left[$0] ?? 0 > 0 }.map { served[$0] ?? 0 }
            #expect((turns.max() ?? 0) - (turns.min() ?? 0) <= 1, "seed \(seed)")
        }
        #expect(left.values.allSatisfy { $0 == 0 })
    }

    @Test func `a queue with three times the share gets three times the turns`() async throws {
        let fixture = try await Fixture(QueueSettings(share: 3))
        let other = try QueueName("physics")
        try await fixture.store.createQueue(other, QueueSettings(), by: admin, now: morning)
        for _ in 1...30 {
            try await fixture.submit()
            try await fixture.submit(to: other)
        }
        var maths = 0
        for _ in 1...40 where try await fixture.claim().queue == fixture.queue { maths += 1 }
        #expect(maths == 30)
    }

    @Test func `a queue at its limit is passed over until one of its jobs ends or is given back`() async throws {
        let fixture = try await Fixture(QueueSettings(maxRunning: 2))
        let other = try QueueName("physics")
        try await fixture.store.createQueue(other, QueueSettings(), by: admin, now: morning)
        for _ in 1...5 { try await fixture.submit() }
        let (first, second) = (try await fixture.claim().claim, try await fixture.claim().claim)
        #expect(try await fixture.store.claim(now: morning) == nil)
        try await fixture.submit(to: other)
        #expect(try await fixture.claim().queue == other)

        let failure = JobEnd.failed(JobFailure(code: "x", message: "y"))
        _ = try await fixture.store.settleJob(first, failure, now: morning)
        let third = try await fixture.claim().claim
        #expect(try await fixture.store.claim(now: morning) == nil)
        let later = Release(.until(morning.advanced(byMilliseconds: 1_000)))
        _ = try await fixture.store.releaseJob(second, later, now: morning)
        _ = try await fixture.claim()
        #expect(try await fixture.store.claim(now: morning) == nil)
        _ = try await fixture.store.cancelJob(third.job, by: admin, now: morning)
        _ = try await fixture.claim()

        try await fixture.store.setQueue(fixture.queue, QueueSettings(), by: admin, now: morning)
        try await fixture.submit()
        _ = try await fixture.claim()
    }

    /// After a crash nothing runs, so the limit is free again.
    @Test func `a crash leaves no job counted as running`() async throws {
        let fixture = try await Fixture(QueueSettings(maxRunning: 1))
        for _ in 1...2 { try await fixture.submit() }
        let job = try await fixture.claim().claim.job
        let next = try Fixture(crashed: fixture)
        #expect(try await next.claim().claim.job == job)
        #expect(try await next.store.claim(now: morning) == nil)
    }

    @Test func `running jobs are counted in an index that the rest of the queue does not lengthen`() async throws {
        let fixture = try await Fixture()
        let statement = try fixture.directory.rawConnection().statement("EXPLAIN QUERY PLAN " + Store.runningCountSQL)
        try statement.bind(["maths"])
        #expect(try statement.step())
        #expect(
            statement.value("detail") == .text("SEARCH job USING COVERING INDEX job_running (queue=? AND state=?)"))
    }

    @Test func `a draining queue refuses new jobs and runs those it has`() async throws {
        let fixture = try await Fixture()
        let keyed = NewJob(specification: "{}", idempotencyKey: "k")
        let job = try await fixture.submit(keyed)
        func begin() async throws -> BatchID {
            try await fixture.store.beginBatch(queue: fixture.queue, submitter: alice, fileName: nil, now: morning)
        }
        func commit(_ batch: BatchID) async throws -> BatchCommit {
            try await fixture.store.commitBatch(
                batch, sha256: String(repeating: "a", count: 64), allowDuplicate: false, now: morning)
        }
        let accepted = try await begin()
        try await fixture.store.appendJobs([NewJob(specification: "{}")], to: accepted, now: morning)
        _ = try await commit(accepted)
        let (same, open) = (try await begin(), try await begin())
        for batch in [same, open] {
            try await fixture.store.appendJobs([NewJob(specification: "{}")], to: batch, now: morning)
        }
        try await fixture.store.setQueue(fixture.queue, QueueSettings(isDraining: true), by: admin, now: morning)

        let refusal = StorageError.queueDraining(fixture.queue)
        await #expect(throws: refusal) { try await fixture.submit() }
        await #expect(throws: refusal) { try await begin() }
        await #expect(throws: refusal) {
            try await fixture.store.commitBatch(
                open, sha256: String(repeating: "b", count: 64), allowDuplicate: false, now: morning)
        }
        // What was accepted before is no new job.
        #expect(try await fixture.submit(keyed) == job)
        #expect(try await commit(same).batch == accepted)
        for _ in 1...2 { _ = try await fixture.claim() }

        try await fixture.store.setQueue(fixture.queue, QueueSettings(), by: admin, now: morning)
        try await fixture.submit()
    }
}
