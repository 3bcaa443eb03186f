import Domain
import SQLite
import Storage
import Testing

/// What users say of their jobs teaches everybody's policy, so nobody says more than the queue takes.
@Suite struct FeedbackTests {
    private static let bob = User(uid: 1001, name: "bob")

    private func complete(_ fixture: Fixture, _ user: User, _ reward: Double = 1) async throws {
        _ = try await fixture.store.submitJob(
            NewJob(specification: "{}"), queue: fixture.queue, submitter: user, now: morning)
        let claim = try await fixture.claim().claim
        try await fixture.writeStep(claim, role: .quick)
        _ = try await fixture.store.settleJob(
            claim, .completed(Outcome(answer: "4", end: .answered, reward: reward)), now: morning)
    }

    private func version(_ fixture: Fixture, through outcome: Int64, at time: Timestamp = morning) async throws {
        _ = try await fixture.store.savePolicySnapshot(
            NewPolicySnapshot(
                queue: fixture.queue, pairKey: "small+large", kind: "fitted-q", encoder: "hashed", weights: [1],
                trainedThroughOutcome: outcome, episodeCount: 1, verdict: .refused), now: time)
    }

    @Test func `feedback keeps to the queue's range, which the refusal names`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.complete(1)
        let error = await #expect(throws: StorageError.self) {
            try await fixture.store.recordFeedback(job, reward: -1_000, by: alice, now: morning)
        }
        #expect(
            error == .rewardOutsideQueue(job, reward: -1_000, queue: fixture.queue, rewards: 0...1))
        #expect(
            error?.description == "the reward for job 1 must be 0.0 to 1.0, the range of queue maths, not -1000.0")
        for reward in [0, 1.0] {
            try await fixture.store.recordFeedback(job, reward: reward, by: alice, now: morning)
        }
        let settings = QueueSettings(leastReward: -5, mostReward: 5)
        try await fixture.store.setQueue(fixture.queue, settings, by: admin, now: morning)
        try await fixture.store.recordFeedback(job, reward: -5, by: alice, now: morning)
        #expect(try await fixture.reader.job(job).job.reward == -5)
        for (least, most) in [(1, 1), (2, 1), (-1_001, 0), (0, .nan)] as [(Double, Double)] {
            await #expect(throws: StorageError.self) {
                try await fixture.store.setQueue(
                    fixture.queue, QueueSettings(leastReward: least, mostReward: most), by: admin, now: morning)
            }
        }
    }

    @Test func `of many feedbacks on one job the newest counts, and few are kept`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.complete(1)
        for number in 1...300 {
            try await fixture.store.recordFeedback(job, reward: Double(number % 7) / 7, by: alice, now: morning)
        }
        #expect(try await fixture.reader.job(job).job.reward == Double(300 % 7) / 7)
        // The verifier's own word is among them.
        #expect(try fixture.rowCount("outcome") == Int64(Store.keptFeedbacks) + 1)
        #expect(try fixture.rowCount("transition") == Int64(Store.keptFeedbacks) + 1)
        let first = try await fixture.reader.trainingEpisodes(queue: fixture.queue, throughOutcome: 1, limit: 9)
        #expect(first.episodes.map(\.source) == [.verifier])
        #expect(try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 9).episodes.count == 1)
        #expect(try await fixture.reader.verifyBooks().differences == [])
    }

    @Test func `who says the same again says nothing new`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.complete(1)
        for _ in 1...5 { try await fixture.store.recordFeedback(job, reward: 0.5, by: alice, now: morning) }
        #expect(try fixture.rowCount("outcome") == 2)
        try await fixture.store.recordFeedback(job, reward: 0.5, by: admin, now: morning)
        #expect(try fixture.rowCount("outcome") == 3)
    }

    /// Else a kept version could not be learnt again, and the audit would call it forged.
    @Test func `what a version was learnt from, or is being, stays whatever is corrected later`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.complete(1)
        func correct(_ count: Int) async throws {
            for number in 1...count {
                try await fixture.store.recordFeedback(job, reward: Double(number % 9) / 9, by: alice, now: morning)
            }
        }
        func episodes(through outcome: Int64) async throws -> [TrainingRecord] {
            try await fixture.reader.trainingEpisodes(queue: fixture.queue, throughOutcome: outcome, limit: 9).episodes
        }
        try await correct(20)
        let saved = try await fixture.reader.lastOutcome(fixture.queue)
        try await version(fixture, through: saved)
        try await correct(20)
        let learning = try await fixture.store.beginLearning(fixture.queue)
        let (before, now) = (try await episodes(through: saved), try await episodes(through: learning))
        try await correct(30)
        #expect(try await episodes(through: saved) == before)
        #expect(try await episodes(through: learning) == now)
        #expect(before != now)
        #expect(try fixture.rowCount("outcome") == Int64(Store.keptFeedbacks) + 3)
    }

    /// Corrections are news once for each job, and apart from jobs that were never judged before.
    @Test func `a job that is judged again and again is one piece of news`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.complete(1)
        for reward in [0, 0.5, 0.25] {
            try await fixture.store.recordFeedback(job, reward: reward, by: alice, now: morning)
        }
        try await fixture.complete(1)
        #expect(try await fixture.reader.outcomeCount(queue: fixture.queue, after: 1) == 2)
        #expect(try await fixture.reader.newOutcomeCount(queue: fixture.queue, after: 1) == 1)
    }

    @Test func `old versions thin out and do not fall off, however fast new ones come`() async throws {
        let fixture = try await Fixture()
        let (day, minute): (Int64, Int64) = (86_400_000, 60_000)
        for number in Int64(0)..<30 {
            try await version(fixture, through: 1, at: morning.advanced(byMilliseconds: number * day))
        }
        let flood = morning.advanced(byMilliseconds: 30 * day)
        for number in Int64(0)..<400 {
            try await version(fixture, through: 1, at: flood.advanced(byMilliseconds: number * minute))
        }
        let kept = try await fixture.reader.policyVersions(fixture.queue)
        #expect(kept.count == Store.mostPolicyVersions)
        #expect(kept.suffix(10).map(\.version) == Array(421...430))
        let old = kept.filter { $0.createdAt < flood }
        #expect(old.count >= 8 && old.first?.version == 1, "\(old.map(\.version))")
        // The gaps grow with the age; the day before the flood is the widest.
        let ages = kept.map { flood.milliseconds + 400 * minute - $0.createdAt.milliseconds }
        #expect(zip(ages, ages.dropFirst()).allSatisfy { $0 <= 5 * $1 + minute }, "\(ages)")
    }

    @Test func `a version by which a job runs stays while it does`() async throws {
        let fixture = try await Fixture()
        try await version(fixture, through: 1)
        try await fixture.submit()
        let claim = try await fixture.claim().claim
        let begun = try await fixture.store.beginStep(fixture.start(claim)) { _, _ in
            .write(Decision(role: .quick, policyVersion: 1), features: [1])
        }
        guard case .begun = begun else { throw NotBegun(step: begun) }
        for _ in 1...60 { try await version(fixture, through: 1) }
        #expect(try await fixture.reader.policyVersions(fixture.queue).first?.version == 1)
        _ = try await fixture.store.cancelJob(claim.job, by: admin, now: morning)
        for _ in 1...2 { try await version(fixture, through: 1) }
        #expect(try await fixture.reader.policyVersions(fixture.queue).first?.version != 1)
    }

    @Test func `nobody crowds the others' jobs out of what is learnt`() async throws {
        let fixture = try await Fixture()
        for _ in 1...6 { try await complete(fixture, Self.bob) }
        for _ in 1...30 { try await complete(fixture, alice, 0) }
        func users(_ limit: Int, _ rule: UserShare.Rule) async throws -> (alice: Int, bob: Int, most: Int?) {
            let history = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: limit, rule)
            let count = history.episodes.count { $0.submitter == alice.uid }
            return (count, history.episodes.count - count, history.userEpisodes)
        }
        #expect(try await users(10, .any) == (10, 0, nil))
        #expect(try await users(10, .fair) == (5, 5, 5))
        #expect(try await users(20, .fair) == (14, 6, 14))
        #expect(try await users(20, .most(14)) == (14, 6, 14))
        #expect(try await users(40, .fair) == (30, 6, nil))
        // As a version that was learnt so is learnt again.
        let learnt = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 10, .fair)
        for _ in 1...5 { try await complete(fixture, alice) }
        let again = try await fixture.reader.trainingEpisodes(
            queue: fixture.queue, fromOutcome: learnt.episodes[0].outcome, throughOutcome: learnt.throughOutcome,
            limit: 10, .most(5))
        #expect(again.episodes == learnt.episodes)
    }

    @Test func `a queue with one user learns from all of hers`() async throws {
        let fixture = try await Fixture()
        for _ in 1...12 { try await complete(fixture, alice) }
        let history = try await fixture.reader.trainingEpisodes(queue: fixture.queue, limit: 10, .fair)
        #expect(history.episodes.count == 10 && history.userEpisodes == nil)
    }

    /// An older policy made it, and no judgement of today says anything of the present one.
    @Test func `a correction of an old job is no judgement of the policy in force`() async throws {
        let fixture = try await Fixture()
        let job = try await fixture.complete(1)
        try await fixture.complete(1)
        try await fixture.store.recordFeedback(job, reward: 0, by: alice, now: morning)
        let judged = try await fixture.reader.judgedEpisodes(queue: fixture.queue, after: 1, limit: 9)
        #expect(judged.map(\.reward) == [1])
        try await complete(fixture, Self.bob, 0.5)
        let byUser = try await fixture.reader.judgedEpisodesByUser(
            queue: fixture.queue, after: 0, reach: 100, limit: 1)
        #expect(byUser.map(\.user) == [Self.bob.uid, alice.uid])
        #expect(byUser.map(\.reward) == [0.5, 0])
    }
}
