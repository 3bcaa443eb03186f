import Domain
import Storage
import Testing

/// What an environment said is what an episode goes on from after a crash, and what is learnt.
@Suite struct ObservationTests {
    private let opening = Opening(goal: "go to the door", observation: "You see a door", maxSteps: 64)
    private let first = Observation(text: "You see a wall", reward: 0.25)
    private let last = Observation(text: "You are there", reward: 2, end: .terminated, success: true)

    /// A job of two observed steps that has not ended.
    private func acted(_ fixture: Fixture) async throws -> Claim {
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        try await fixture.store.recordOpening(opening, claim)
        for (index, observation) in [first, last].enumerated() {
            try await fixture.writeStep(claim, index: index, role: .quick, text: "go")
            try await fixture.store.recordObservation(observation, ofStepAt: index, claim)
        }
        return claim
    }

    @Test func `a crash loses nothing of it`() async throws {
        let fixture = try await Fixture()
        _ = try await acted(fixture)
        let claimed = try await Fixture(crashed: fixture).claim()
        #expect(claimed.opening == opening)
        #expect(claimed.steps.map(\.observation) == [first, last])
    }

    @Test func `a step without an answer is told as such`() async throws {
        let fixture = try await Fixture()
        let claim = try await acted(fixture)
        try await fixture.writeStep(claim, index: 2, role: .quick, text: "go")
        let claimed = try await Fixture(crashed: fixture).claim()
        #expect(claimed.steps.map(\.observation) == [first, last, nil])
    }

    @Test func `the first answer stays`() async throws {
        let fixture = try await Fixture()
        let claim = try await acted(fixture)
        try await fixture.store.recordObservation(Observation(text: "other"), ofStepAt: 0, claim)
        try await fixture.store.recordOpening(Opening(goal: "x", observation: "y", maxSteps: 1), claim)
        let claimed = try await Fixture(crashed: fixture).claim()
        #expect(claimed.opening == opening)
        #expect(claimed.steps[0].observation == first)
    }

    @Test func `an older claim changes nothing`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        try await fixture.writeStep(claim, role: .quick)
        _ = try await fixture.store.releaseJob(claim, Release(.none), now: morning)
        try await fixture.store.recordOpening(opening, claim)
        try await fixture.store.recordObservation(first, ofStepAt: 0, claim)
        let claimed = try await fixture.claim()
        #expect(claimed.opening == nil)
        #expect(claimed.steps.map(\.observation) == [nil])
    }

    @Test func `each step is learnt with its own reward, and the job tells of success`() async throws {
        let fixture = try await Fixture()
        let claim = try await acted(fixture)
        let outcome = Outcome(answer: "go\ngo", end: .answered, reward: 2.25, success: true)
        _ = try await fixture.store.settleJob(claim, .completed(outcome, source: .environment), now: morning)
        let episode = try #require(
            try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 9).episodes.first)
        #expect(episode.steps.map(\.reward) == [0.25, 2])
        #expect(episode.source == .environment)
        let detail = try await fixture.reader.job(claim.job)
        #expect(detail.success == true)
        #expect(detail.opening == opening)
        #expect(try await fixture.reader.steps(claim.job).map(\.observation) == [first, last])
    }

    @Test func `a retry begins anew`() async throws {
        let fixture = try await Fixture()
        let claim = try await acted(fixture)
        _ = try await fixture.store.settleJob(claim, .failed(JobFailure(code: "x", message: "y")), now: morning)
        _ = try await fixture.store.retryJobs([claim.job], by: alice, now: morning)
        let claimed = try await fixture.claim()
        #expect(claimed.opening == nil)
        #expect(claimed.steps.isEmpty)
    }
}
