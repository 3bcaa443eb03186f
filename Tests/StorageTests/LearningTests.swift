import Domain
import SQLite
import Storage
import Testing

/// What the Switcher learns from must be the same whenever it is asked for again.
@Suite struct LearningTests {
    @Test func `a judged episode is a training record with its decisions`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        try await fixture.writeStep(claim, index: 0, role: .quick, features: [0.5])
        try await fixture.writeStep(claim, index: 1, role: .deepthink, features: [-2, 4])
        let outcome = Outcome(answer: "4", end: .answered, reward: 0.75)
        _ = try await fixture.store.settleJob(claim, .completed(outcome), now: morning)

        let training = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 10)
        #expect(training.throughOutcome == 1)
        let record = try #require(training.episodes.first)
        #expect(record.job == job)
        #expect(record.pairKey == "small+large/hashed")
        #expect(record.source == .verifier)
        #expect(!record.isTruncated)
        #expect(record.steps.map(\.features) == [[0.5], [-2, 4]])
        #expect(record.steps.map(\.role) == [.quick, .deepthink])
        #expect(record.steps.map(\.reward) == [0, 0.75])
    }

    /// Half of its features would mean something else than the other half.
    @Test func `an episode that goes on under another pair is of neither`() async throws {
        let fixture = try await Fixture()
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        try await fixture.writeStep(claim, index: 0, role: .quick)
        for (index, pairKey) in ["small+large/hashed", "small+other/hashed", "small+large/hashed"].enumerated() {
            var start = fixture.start(claim, index: index + 1)
            start.pairKey = pairKey
            guard
                case .begun(let step, _, _) = try await fixture.store.beginStep(
                    start, choose: { _, _ in .write(Decision(role: .quick), features: [1]) })
            else { throw NothingToClaim() }
            _ = try await fixture.store.finishStep(step, claim, generated(), now: morning)
        }
        let outcome = Outcome(answer: "4", end: .answered, reward: 1)
        _ = try await fixture.store.settleJob(claim, .completed(outcome), now: morning)
        let record = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 1).episodes[0]
        #expect(record.pairKey == StepStart.mixedPairKey)
        #expect(record.steps.count == 4)
    }

    @Test func `an environment's rewards stay with their steps and add up to the outcome`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.submit()
        let claim = try await fixture.claim().claim
        for (index, reward) in [0.5, 0, 1.5].enumerated() {
            guard
                case .begun(let step, _, _) = try await fixture.store.beginStep(
                    fixture.start(claim, index: index), choose: { _, _ in .write(Decision(role: .quick), features: []) }
                )
            else { throw NothingToClaim() }
            _ = try await fixture.store.finishStep(step, claim, generated(), now: morning)
            let observation = Observation(text: "", reward: reward)
            try await fixture.store.recordObservation(observation, ofStepAt: index, claim)
        }
        let outcome = Outcome(answer: "", end: .stepLimit, reward: 2)
        _ = try await fixture.store.settleJob(claim, .completed(outcome, source: .environment), now: morning)
        let record = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 1).episodes[0]
        #expect(record.steps.map(\.reward) == [0.5, 0, 1.5])
        #expect(record.isTruncated)
        #expect(record.source == .environment)

        try await fixture.store.recordFeedback(job, reward: 1, by: alice, now: morning)
        let corrected = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 1).episodes[0]
        #expect(corrected.steps.map(\.reward) == [0.5, 0, 0.5])
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    @Test func `a correction replaces the outcome, and the past stays askable`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.complete(0)
        try await fixture.complete(1)
        try await fixture.store.recordFeedback(job, reward: 0.5, by: alice, now: morning)
        try await fixture.store.recordFeedback(job, reward: 0.25, by: alice, now: morning)

        let now = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 10)
        #expect(now.throughOutcome == 4)
        #expect(now.episodes.map(\.reward) == [1, 0.25])
        #expect(now.episodes.map(\.outcome) == [2, 4])
        #expect(now.episodes[1].source == .feedback)
        let then = try await fixture.reader.trainingEpisodes(queue: fixture.queue, throughOutcome: 3, limit: 10)
        #expect(then.episodes.map(\.reward) == [1, 0.5])
        let newest = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 1)
        #expect(newest.episodes.map(\.outcome) == [4])
        #expect(try await fixture.reader.job(job).job.reward == 0.25)
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    @Test func `a job without an outcome is nothing to learn from until feedback comes`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.complete(nil)
        #expect(try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 10).episodes == [])
        try await fixture.store.recordFeedback(job, reward: 0.5, by: alice, now: morning)
        #expect(try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 10).episodes.count == 1)
    }

    @Test func `feedback needs a completed job and a number`() async throws {
        let fixture = try await Fixture()
        let pending = try await fixture.submit()
        await #expect(throws: StorageError.jobNotCompleted(pending, state: .pending)) {
            try await fixture.store.recordFeedback(pending, reward: 1, by: alice, now: morning)
        }
        await #expect(throws: StorageError.noSuchJob(JobID(9))) {
            try await fixture.store.recordFeedback(JobID(9), reward: 1, by: alice, now: morning)
        }
        await #expect(throws: StorageError.rewardOutOfRange(pending)) {
            try await fixture.store.recordFeedback(pending, reward: .nan, by: alice, now: morning)
        }
    }

    @Test(arguments: [nil, 0, 0.1, 1] as [Double?])
    func `what a policy was learnt and tried with comes back to the bit`(priorWeight: Double?) async throws {
        let fixture = try await Fixture()
        let origin = PolicyOrigin(cost: 0.05, firstOutcome: 3, trainedEpisodes: 4, priorWeight: priorWeight)
        let snapshot = NewPolicySnapshot(
            queue: fixture.queue, pairKey: "small+large", kind: "fitted-q", encoder: "hashed", weights: [1],
            trainedThroughOutcome: 9, episodeCount: 2, origin: origin, verdict: .cold, explorationRate: priorWeight)
        _ = try await fixture.store.savePolicySnapshot(snapshot, now: morning)
        let versions = try await fixture.reader.policyVersions(fixture.queue)
        #expect(versions.map(\.origin) == [origin])
        #expect(versions.map(\.explorationRate) == [priorWeight])
    }

    @Test func `statistics count choices by step and the latest rewards`() async throws {
        let fixture = try await Fixture(QueueSettings(limits: BudgetLimits(calls: 1)))
        let first = try await fixture.complete(0, role: .deepthink)
        try await fixture.complete(1, role: .quick)
        try await fixture.store.recordFeedback(first, reward: 0.5, by: alice, now: morning)
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        try await fixture.writeMaskedStep(claim)
        let statistics = try await fixture.reader.policyStatistics(fixture.queue)
        #expect(statistics.steps.map(\.quickCount) == [2])
        #expect(statistics.steps.map(\.deepthinkCount) == [1])
        #expect(statistics.masked == [.calls: 1])
        #expect(statistics.judgedEpisodeCount == 2)
        #expect(statistics.meanReward == 0.75)
    }

    /// What the learner asks at every closed job, instead of loading the history.
    @Test func `outcomes are counted by queue, from one on`() async throws {
        let fixture = try await Fixture()
        let other = try QueueName("other")
        try await fixture.store.createQueue(other, QueueSettings(), by: admin, now: morning)
        try await fixture.complete(1, role: .quick)
        try await fixture.complete(2, role: .quick)
        let all = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 10)
        #expect(all.episodes.count == 2)
        #expect(try await fixture.reader.outcomeCount(queue: fixture.queue, after: 0) == 2)
        #expect(try await fixture.reader.outcomeCount(queue: fixture.queue, after: all.episodes[0].outcome) == 1)
        #expect(try await fixture.reader.outcomeCount(queue: fixture.queue, after: all.throughOutcome) == 0)
        #expect(try await fixture.reader.outcomeCount(queue: other, after: 0) == 0)
    }
}
