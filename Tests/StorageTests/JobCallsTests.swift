import Domain
import SQLite
import Storage
import Testing

/// LONDI-B's n: an episode never makes more DEEPTHINK calls than its job may, whatever crashes and runs at once.
@Suite struct JobCallsTests {
    /// Begins a step that wants DEEPTHINK, and says who got it, why, and the job's calls as the choice saw them.
    private func begin(
        _ fixture: Fixture, _ claim: Claim, index: Int = 0
    ) async throws -> (step: StepID, decision: Decision) {
        let begun = try await fixture.store.beginStep(fixture.start(claim, index: index)) { budget, mask in
            #expect((budget.jobCalls?.remaining == 0) == (mask == .jobCalls))
            return .write(Decision(role: mask == nil ? .deepthink : .quick, maskReason: mask), features: [])
        }
        guard case .begun(let step, let decision, _) = begun else { throw NotBegun(step: begun) }
        return (step, decision)
    }

    @Test(arguments: [(3, 1, 1), (1, 3, 1), (nil, 2, 2), (2, nil, 2), (0, 5, 0), (nil, nil, 4)] as [(Int?, Int?, Int)])
    func `the smaller of the job's and the queue's limit holds`(job: Int?, queue: Int?, calls: Int) async throws {
        let fixture = try await Fixture(QueueSettings(deepthinkCallsPerJob: queue))
        try await fixture.submit(NewJob(specification: "{}", deepthinkCalls: job))
        let claim = try await fixture.claim().claim
        var reasons: [MaskReason?] = []
        for index in 0..<4 {
            let (step, decision) = try await begin(fixture, claim, index: index)
            reasons.append(decision.maskReason)
            _ = try await fixture.store.finishStep(step, claim, generated(), now: morning)
        }
        #expect(reasons == Array(repeating: nil, count: calls) + Array(repeating: .jobCalls, count: 4 - calls))
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    /// What a crash cut off between reservation and end may have been the call that the limit allowed.
    @Test func `no number of crashes yields a call more`() async throws {
        var fixture = try await Fixture(QueueSettings(deepthinkCallsPerJob: 2, maxAttempts: 100))
        let job = try await fixture.submit()
        var roles: [Role] = []
        for _ in 0..<5 {
            roles.append(try await begin(fixture, try await fixture.claim().claim).decision.role)
            fixture = try Fixture(crashed: fixture)
        }
        #expect(roles == [.deepthink, .deepthink, .quick, .quick, .quick])
        #expect(try await fixture.reader.steps(job).count { $0.spend == bound } == 2)
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    @Test func `a call that never reached a server is given back, and a measured part is not`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit(NewJob(specification: "{}", deepthinkCalls: 1))
        let claim = try await fixture.claim().claim
        for use in [AbandonedUse.none, .none, .measured(generated())] {
            let (step, decision) = try await begin(fixture, claim)
            #expect(decision.role == .deepthink)
            _ = try await fixture.store.abandonStep(step, claim, use, now: morning)
        }
        #expect(try await begin(fixture, claim).decision.maskReason == .jobCalls)
    }

    @Test func `a retry begins with all its calls`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.submit(NewJob(specification: "{}", deepthinkCalls: 1))
        for _ in 0..<2 {
            let claim = try await fixture.claim().claim
            let (step, decision) = try await begin(fixture, claim)
            #expect(decision.role == .deepthink)
            _ = try await fixture.store.finishStep(step, claim, generated(), now: morning)
            _ = try await fixture.store.settleJob(
                claim, .failed(JobFailure(code: "verifier", message: "x")), now: morning)
            _ = try await fixture.store.retryJobs([job], by: alice, now: morning)
        }
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    @Test func `a limit that is lowered holds for steps that begin from then on`() async throws {
        let fixture = try await Fixture(QueueSettings(deepthinkCallsPerJob: 3))
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        let (step, _) = try await begin(fixture, claim)
        _ = try await fixture.store.finishStep(step, claim, generated(), now: morning)
        try await fixture.store.setQueue(
            fixture.queue, QueueSettings(deepthinkCallsPerJob: 1), by: admin, now: morning)
        #expect(try await begin(fixture, claim, index: 1).decision.maskReason == .jobCalls)
    }

    /// A day that is spent too must not hide that waiting for the next one would not help.
    @Test func `the job's limit is the reason where the day's budget is spent as well`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 0), deepthinkCallsPerJob: 0))
        try await fixture.submit()
        #expect(try await begin(fixture, try await fixture.claim().claim).decision.maskReason == .jobCalls)
    }

    /// 64 jobs with random limits under a day's budget, with tasks that interleave as they like.
    @Test(.timeLimit(.minutes(5)), arguments: UInt64(1)...2)
    func `64 chains at once keep the day's and each job's limit`(seed: UInt64) async throws {
        let fixture = try await Fixture(
            QueueSettings(limits: BudgetLimits(calls: 150), deepthinkCallsPerJob: 4))
        var random = SplitMix64(state: seed)
        var limits: [JobID: Int] = [:]
        var claims: [Claim] = []
        for _ in 1...64 {
            let own = Int.random(in: 0...6, using: &random)
            let job = try await fixture.submit(NewJob(specification: "{}", deepthinkCalls: own))
            limits[job] = min(own, 4)
            claims.append(try await fixture.claim().claim)
        }
        let store = fixture.store
        let starts = claims.map { fixture.start($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, start) in starts.enumerated() {
                group.addTask {
                    var random = SplitMix64(state: seed &* 1000 &+ UInt64(place))
                    var start = start
                    while start.index < 8 {
                        if Bool.random(using: &random) {
                            start.draft = StepDraft(generated: generated(), startedAt: morning)
                        }
                        let begun = try await store.beginStep(start) { _, mask in
                            .write(Decision(role: mask == nil ? .deepthink : .quick, maskReason: mask), features: [])
                        }
                        guard case .begun(let step, let decision, _) = begun else { throw NotBegun(step: begun) }
                        await Task.yield()
                        if start.draft != nil, decision.role == .quick {
                            start.index += 1
                        } else if Int.random(in: 0..<4, using: &random) == 0 {
                            _ = try await store.abandonStep(step, start.claim, .unknown, now: morning)
                        } else {
                            _ = try await store.finishStep(step, start.claim, generated(), now: morning)
                            start.index += 1
                        }
                        start.draft = nil
                    }
                }
            }
            try await group.waitForAll()
        }
        var total = 0
        for (job, limit) in limits {
            let calls = try await fixture.reader.roleUse(job)[.deepthink]?.callCount ?? 0
            #expect(calls <= limit, "seed \(seed)")
            total += calls
        }
        #expect(total == min(150, limits.values.reduce(0, +)), "seed \(seed)")
        #expect(try await fixture.reader.verifyBooks().differences == [], "seed \(seed)")
    }

    @Test func `more calls than the job's limit are a difference`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.submit(NewJob(specification: "{}", deepthinkCalls: 2))
        let claim = try await fixture.claim().claim
        for index in 0..<2 { try await fixture.writeStep(claim, index: index, role: .deepthink) }
        #expect(try await fixture.reader.verifyBooks().differences == [])
        try fixture.directory.rawConnection().execute("UPDATE job SET deepthink_calls = 1")
        let difference = try #require(try await fixture.reader.verifyBooks().differences.first)
        #expect(difference.check == .reservations && difference.found == "2 of them")
        #expect(difference.subject == "episode 1 of job \(job)")
    }
}
