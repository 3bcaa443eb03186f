import Control
import Domain
import Episodes
import Storage
import Switching
import Testing

@testable import Daemon

/// What one member says of her own jobs must not decide about everybody's policy.
@Suite(.timeLimit(.minutes(5))) struct MemberLearning {
    private static let mallory = User(uid: 1666, name: "mallory")

    private func setRewards(_ life: PolicyLife, _ rewards: ClosedRange<Double>) async throws {
        var settings = try await life.reader.queue(life.queue).settings
        (settings.leastReward, settings.mostReward) = (rewards.lowerBound, rewards.upperBound)
        try await life.store.setQueue(life.queue, settings, by: PolicyLife.user, now: PolicyLife.now)
    }

    private func jobs(_ life: PolicyLife, of user: User) async throws -> [JobID] {
        try await life.reader.jobs(JobFilter(uid: user.uid, limit: 1_000)).map(\.id)
    }

    @Test func `feedback of -1000 on twelve of her own jobs is refused, and where it is taken freezes nothing`()
        async throws
    {
        let life = try await PolicyLife(seed: 3)
        try await life.runJobs(330)
        for _ in 1...12 { try await life.runJob(by: Self.mallory) }
        for job in try await jobs(life, of: Self.mallory) {
            let error = await #expect(throws: StorageError.self) {
                try await life.store.recordFeedback(job, reward: -1_000, by: Self.mallory, now: PolicyLife.now)
            }
            #expect(error == .rewardOutsideQueue(job, reward: -1_000, queue: life.queue, rewards: 0...1))
        }
        #expect(try await life.frozenByGuard() == nil)
        // A queue whose administrator lets it say so.
        try await setRewards(life, -1_000...1_000)
        for job in try await jobs(life, of: Self.mallory) {
            try await life.store.recordFeedback(job, reward: -1_000, by: Self.mallory, now: PolicyLife.now)
        }
        let (state, start) = (
            try await life.reader.policyState(life.queue), try await life.reader.policyWatchStart(life.queue)
        )
        let version = try #require(
            try await life.reader.policyVersions(life.queue).first { $0.version == state?.version })
        let judged = try await life.reader.judgedEpisodes(
            queue: life.queue, after: try #require(start), limit: FreezeRule.window)
        // By itself the rule would: nobody else's reward outweighs these.
        #expect(FreezeRule.alarm(rewards: judged.map(\.reward), trial: version.trial) != nil)
        #expect(try await life.frozenByGuard() == nil)
    }

    /// However many jobs she has, and though no feedback is needed: her verifier can ask for what nobody can do.
    @Test func `a flood of one member's bad jobs freezes nothing, and everybody's does`() async throws {
        let life = try await PolicyLife(seed: 3)
        try await life.runJobs(260)
        for _ in 1...150 { try await life.runJob(by: Self.mallory, reward: 0) }
        #expect(try await life.frozenByGuard() == nil)
        for _ in 1...120 { try await life.runJob(reward: 0) }
        #expect(try await life.frozenByGuard() != nil)
    }

    @Test func `ten thousand feedbacks on one job leave few rows, few versions, and the old ones`() async throws {
        let life = try await PolicyLife(seed: 5)
        try await life.runJobs(60)
        let before = try await life.reader.policyVersions(life.queue).map(\.version)
        let job = try #require(try await jobs(life, of: PolicyLife.user).first)
        let known = try await life.reader.lastOutcome(life.queue)
        for number in 1...10_900 {
            try await life.store.recordFeedback(
                job, reward: Double(number % 11) / 10, by: PolicyLife.user, now: PolicyLife.now)
            if number.isMultiple(of: 20) { try await life.learner.learn(life.queue) }
        }
        let versions = try await life.reader.policyVersions(life.queue).map(\.version)
        #expect(versions.count <= before.count + 1 && versions.starts(with: before))
        #expect(try await life.reader.outcomeCount(queue: life.queue, after: known) == 1)
        let rows = try await life.reader.describeState().rows
        #expect(try #require(rows.first { $0.table == "outcome" }).count <= 60 + Store.keptFeedbacks + versions.count)
        #expect(
            try #require(rows.first { $0.table == "transition" }).count <= 60 + Store.keptFeedbacks + versions.count)
        #expect(try await life.reader.verifyBooks().differences == [])
        #expect(try await life.replay().allSatisfy { $0.verdict == .identical })
        #expect(try await life.reader.job(job).job.reward == Double(10_900 % 11) / 10)
    }

    @Test func `a correction is learnt once the pause is over, without another word`() async throws {
        let life = try await PolicyLife(seed: 6, correctionPause: .milliseconds(300))
        try await life.runJobs(20)
        let newest = try #require(try await life.reader.policyVersions(life.queue).last?.version)
        let job = try #require(try await jobs(life, of: PolicyLife.user).first)
        let learner = life.learner
        let loop = Task { try await learner.run() }
        for number in 1...50 {
            try await life.store.recordFeedback(
                job, reward: Double(number) / 50, by: PolicyLife.user, now: PolicyLife.now)
            learner.note(life.queue)
        }
        while try await life.reader.policyVersions(life.queue).last?.trainedThroughOutcome
            != life.reader.lastOutcome(life.queue)
        { try await Task.sleep(for: .milliseconds(10)) }
        #expect(try #require(try await life.reader.policyVersions(life.queue).last?.version) <= newest + 4)
        loop.cancel()
        _ = await loop.result
    }

    /// Half of what is learnt are the others' jobs, and a version that was learnt so is learnt again bit for bit.
    @Test func `a version is learnt from no more of one member's jobs than her share`() async throws {
        let life = try await PolicyLife(seed: 7)
        try await life.runJobs(10)
        for _ in 1...30 { try await life.runJob(by: Self.mallory) }
        try await life.learner.learn(life.queue)
        #expect(try await life.replay().allSatisfy { $0.verdict == .identical })
        let records = try await life.reader.trainingEpisodes(queue: life.queue, limit: 20, .fair)
        #expect(records.episodes.count { $0.submitter == Self.mallory.uid } == 10)
        #expect(records.userEpisodes == 10)
    }
}
