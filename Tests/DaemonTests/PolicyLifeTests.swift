import Control
import Domain
import Storage
import Switching
import Testing

@testable import Daemon

/// A queue's policy from its first version to its freeze, with restarts on the way: nobody watches it.
@Suite(.timeLimit(.minutes(3))) struct PolicyLives {
    @Test func `versions come in force without a trial while the queue is cold, and by one afterwards`() async throws {
        let life = try await PolicyLife(seed: 1)
        try await life.runJobs(190)
        let cold = try await life.reader.policyVersions(life.queue)
        #expect(cold.allSatisfy { $0.verdict == .cold && $0.trial.isEmpty })
        try await life.runJobs(90)
        let tried = try await life.reader.policyVersions(life.queue).filter { $0.episodeCount >= 200 }
        #expect(tried.count >= 5)
        for version in tried {
            let (candidate, incumbent) = (version.trial[.candidate], version.trial[.incumbent])
            let isNoWorse = try #require(candidate).net.lower >= #require(incumbent).net.lower
            #expect(version.verdict == (isNoWorse ? .passed : .refused), "version \(version.version)")
        }
        let state = try #require(try await life.reader.policyState(life.queue))
        #expect(state.version == tried.last { $0.verdict == .passed }?.version)
        #expect(life.policies.policy(of: life.queue)?.version == state.version)
        // Half of the jobs are hard, and there DEEPTHINK is worth far more than its price.
        #expect(try #require(tried.last?.trial[.candidate]).net.value > 0.7)
        #expect(try await life.replay().allSatisfy { $0.verdict == .identical })
    }

    @Test func `what was rolled back stays so over a restart, and learning waits for the thaw`() async throws {
        let life = try await PolicyLife(seed: 2)
        try await life.runJobs(60)
        let newest = try #require(try await life.reader.policyState(life.queue)?.version)
        _ = try await life.store.rollBackPolicy(
            life.queue, to: 2, reason: "why", by: PolicyLife.user, now: PolicyLife.now)
        try await life.restart()
        #expect(life.policies.policy(of: life.queue)?.version == 2)
        try await life.runJobs(40)
        #expect(try await life.reader.policyVersions(life.queue).last?.version == newest)
        #expect(life.policies.policy(of: life.queue)?.version == 2)
        _ = try await life.store.thawPolicy(life.queue, reason: "", by: PolicyLife.user, now: PolicyLife.now)
        try await life.learner.learn(life.queue)
        #expect(life.policies.policy(of: life.queue)?.version == newest + 1)
    }

    /// The pair is not what it was: DEEPTHINK's answers have become wrong, for which it goes on being called.
    @Test func `a policy that does worse than promised is frozen, and a baseline acts`() async throws {
        let life = try await PolicyLife(seed: 3)
        try await life.runJobs(260)
        #expect(try await life.reader.policyState(life.queue)?.isFrozen == false)
        life.deepthinkOnHard = 0
        life.quickOnHard = 0
        var frozen: PolicyEvent?
        for _ in 0..<150 where frozen == nil {
            // Refits would notice too, and learn what is best now: the guard alone is looked at.
            try await life.runJob()
            frozen = try await life.frozenByGuard()
        }
        let event = try #require(frozen)
        #expect(event.user == nil)
        #expect(event.reason.contains("judged jobs"))
        let acting = try #require(life.policies.policy(of: life.queue))
        #expect(acting.standIn == event.standIn)
        #expect(acting.version == event.version)
        let known = try await life.reader.policyVersions(life.queue).count
        try await life.runJobs(30)
        #expect(try await life.reader.policyVersions(life.queue).count == known)
        try await life.restart()
        #expect(life.policies.policy(of: life.queue)?.standIn == event.standIn)
    }

    /// What its trial promised was at another rate.
    @Test func `after a change of the exploration the guard waits for the next version`() async throws {
        let life = try await PolicyLife(seed: 3)
        try await life.runJobs(260)
        life.deepthinkOnHard = 0
        life.quickOnHard = 0
        let rate = SwitcherSettings().explorationRate
        try await life.setExploration(0.5)
        for _ in 0..<120 { try await life.runJob() }
        #expect(try await life.frozenByGuard() == nil)
        try await life.setExploration(rate)
        #expect(try await life.frozenByGuard() != nil)
    }

    @Test func `a model that stands in is preferred everywhere, with the queue's exploration`() async throws {
        let life = try await PolicyLife(seed: 4)
        try await life.runJobs(120)
        _ = try await life.store.freezePolicy(
            life.queue, standIn: .quick, reason: "", by: nil, now: PolicyLife.now)
        try await life.restart()
        var calls = 0
        for _ in 0..<100 where try await life.runJob(isHard: true) == .deepthink { calls += 1 }
        // 5 % are drawn for DEEPTHINK; by its values the policy would call it nearly always.
        #expect((1...15).contains(calls), "\(calls)")
    }
}
