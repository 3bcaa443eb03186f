import Domain
import SQLite
import Storage
import Testing

/// Users of one queue share it: nobody's jobs wait for all of another's.
@Suite struct UserTurnTests {
    private static let bob = User(uid: 1001, name: "bob")

    private func submit(
        _ fixture: Fixture, _ user: User, count: Int = 1, priority: Int64 = 0
    ) async throws {
        let batch = try await fixture.store.beginBatch(
            queue: fixture.queue, submitter: user, fileName: nil, now: morning)
        let jobs = (1...count).map { NewJob(customID: "\($0)", specification: "{}", priority: priority) }
        try await fixture.store.appendJobs(jobs, to: batch, now: morning)
        _ = try await fixture.store.commitBatch(
            batch, sha256: String(repeating: "a", count: 64), allowDuplicate: true, now: morning)
    }

    @Test func `fifteen hundred urgent jobs of one user do not make another's one job wait`() async throws {
        let fixture = try await Fixture()
        try await submit(fixture, alice, count: 1_500, priority: 1_000)
        _ = try await fixture.claim()
        try await submit(fixture, Self.bob)
        #expect(try await fixture.claim().submitter == Self.bob)
        #expect(try await fixture.claim().submitter == alice)
    }

    /// Of two users who both have work, neither gets a second turn before the other has had one.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `users with work get turns evenly, each by her own priorities, whoever comes and goes`(seed: UInt64)
        async throws
    {
        var random = SplitMix64(state: seed)
        let fixture = try await Fixture()
        let users = (0..<Int.random(in: 2...5, using: &random)).map {
            User(uid: UInt32(1_000 + $0 * 7), name: "u\($0)")
        }
        var left: [UInt32: [Int64]] = [:]
        var turns: [UInt32: [UInt32: Int]] = [:]
        for _ in 1...60 {
            if Int.random(in: 0..<2, using: &random) == 0 {
                let user = users[Int.random(in: 0..<users.count, using: &random)]
                let priority = Int64.random(in: -9...9, using: &random)
                if left[user.uid]?.isEmpty ?? true { turns[user.uid] = [:] }
                try await submit(fixture, user, count: 2, priority: priority)
                left[user.uid, default: []] += [priority, priority]
            }
            guard let job = try await fixture.store.claim(now: morning) else { continue }
            let uid = job.submitter.uid
            let priority = try await fixture.reader.job(job.claim.job).job.priority
            #expect(priority == left[uid]?.max(), "seed \(seed)")
            let place = try #require(left[uid]?.firstIndex(of: priority))
            left[uid]?.remove(at: place)
            // How many turns each other user has had since this one's last.
            for other in users where other.uid != uid && !(left[other.uid] ?? []).isEmpty {
                turns[other.uid, default: [:]][uid, default: 0] += 1
                #expect(turns[other.uid]?[uid] ?? 0 <= 1, "seed \(seed): \(uid) before \(other.uid)")
            }
            turns[uid] = [:]
        }
    }

    @Test func `a user's turn lasts over her parked jobs, and begins anew where a start of londid does`() async throws {
        let fixture = try await Fixture()
        let later = morning.advanced(byMilliseconds: 1_000)
        try await fixture.submit(NewJob(specification: "{}", priority: 9, notBefore: later))
        try await submit(fixture, Self.bob, count: 2)
        try await fixture.submit()
        #expect(try await fixture.claim().submitter == alice)
        #expect(try await fixture.claim().submitter == Self.bob)
        _ = try await fixture.store.wakeDue(now: later)
        #expect(try await fixture.claim(now: later).submitter == alice)
        #expect(try await fixture.claim(now: later).submitter == Self.bob)
        #expect(try await fixture.store.claim(now: later) == nil)
    }

    /// Neither another user's jobs nor parked ones are looked at.
    @Test func `a claim goes to the next user's first job`() async throws {
        let fixture = try await Fixture()
        #expect(
            try fixture.plan(of: Store.nextClaimableAfterUserSQL) == [
                "SEARCH job USING INDEX job_waiting (queue=? AND state=? AND pending_reason=? AND submitter_uid>?)",
                "SEARCH payload USING INTEGER PRIMARY KEY (rowid=?) LEFT-JOIN",
            ])
        #expect(
            try fixture.plan(of: Store.nextWaitingSQL) == [
                "SEARCH job USING COVERING INDEX job_waiting (queue=? AND state=? AND pending_reason=? AND submitter_uid>?)"
            ])
    }

    /// The end of a reservation wakes eight jobs: not those of one user alone.
    @Test func `jobs that wait for a reservation's end are woken by turns`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 3), onBudget: .hold))
        try await fixture.submit()
        try await fixture.submit()
        let running = [try await fixture.claim().claim, try await fixture.claim().claim]
        var steps: [StepID] = []
        for claim in running {
            let begun = try await fixture.store.beginStep(fixture.start(claim)) { _, _ in
                .write(Decision(role: .deepthink), features: [])
            }
            guard case .begun(let step, _, _) = begun else { throw NotBegun(step: begun) }
            steps.append(step)
        }
        try await submit(fixture, alice, count: 20, priority: 9)
        try await submit(fixture, Self.bob)
        try fixture.directory.rawConnection().execute(
            "UPDATE job SET pending_reason = 'BudgetExhausted' WHERE state = 'pending'")
        #expect(try await fixture.store.claim(now: morning) == nil)
        _ = try await fixture.store.finishStep(steps[0], running[0], generated(), now: morning)
        var woken: [User] = []
        while let job = try await fixture.store.claim(now: morning) { woken.append(job.submitter) }
        #expect(woken.count == 8 && woken.contains(Self.bob))
        _ = try await fixture.store.finishStep(steps[1], running[1], generated(), now: morning)
        woken = []
        while let job = try await fixture.store.claim(now: morning) { woken.append(job.submitter) }
        #expect(woken.count == 13)
    }
}
