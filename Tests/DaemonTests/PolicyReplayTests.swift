import Control
import Domain
import Episodes
import SQLite
import Storage
import Switching
import Testing

@testable import Daemon

/// A version of a policy is a pure function of what is stored. Everything that happens between two versions, and that a
/// careless program would let in, happens here: corrections, restarts, another price, another pair of models.
@Suite(.timeLimit(.minutes(5))) struct PolicyReplays {
    private static let user = User(uid: 1000, name: "ann")
    private static let now = Timestamp(milliseconds: 1_795_000_000_000)

    /// Some jobs of one queue with a learner beside them.
    private final class History {
        let state: TemporaryState
        let store: Store
        let reader: StoreReader
        let queue: QueueName
        var encoder = HashedEncoder(bucketCount: 8)
        var learner: LearnerLoop
        var pairKey: String
        var random: Seeded
        var jobs: [JobID] = []

        init(seed: UInt64) async throws {
            state = try TemporaryState()
            store = try Store(directory: state.directory, now: now)
            reader = try store.makeReader()
            queue = try QueueName("maths")
            random = Seeded(seed: seed)
            pairKey = "small + large + \(encoder.identity)"
            try await store.createQueue(queue, QueueSettings(), by: user, now: now)
            learner = Self.learner(store, reader, encoder, pairKey)
        }

        private static func learner(
            _ store: Store, _ reader: StoreReader, _ encoder: HashedEncoder, _ pairKey: String
        ) -> LearnerLoop {
            LearnerLoop(
                store: store, reader: reader, policies: PolicyBook(), texts: HashedTexts(encoder),
                pairKey: { _ in pairKey },
                clock: WallClock(), shutdown: Shutdown(board: ChangeBoard()),
                log: Log(threshold: .error))
        }

        /// The learner as after a new start of londid.
        func restart() async throws {
            learner = Self.learner(store, reader, encoder, pairKey)
            try await learner.load(try await reader.queue(queue))
        }

        func runJob() async throws {
            let job = try await store.submitJob(
                NewJob(specification: "{}"), queue: queue, submitter: user, now: now
            ).job
            let claim = try #require(try await store.claim(now: now)).claim
            let count = Int.random(in: 1...3, using: &random)
            for index in 0..<count {
                let features = (0..<encoder.featureCount).map { _ in Float.random(in: -1...1, using: &random) }
                let role = Bool.random(using: &random) ? Role.quick : .deepthink
                let start = StepStart(
                    claim: claim, index: index, day: DayKey(year: 2026, month: 11, day: 18),
                    worstCase: Spend(calls: 1, tokens: 5, gpuMilliseconds: 5), quickModel: "small",
                    deepthinkModel: "large", pairKey: pairKey, now: now)
                let begun = try await store.beginStep(start) { _, _ in
                    .write(
                        Decision(
                            role: role, values: nil, propensity: 0.5, maskReason: nil, isExploration: false, seed: 1,
                            policyVersion: 0), features: features)
                }
                guard case .begun(let step, _, _) = begun else { throw NotBegun() }
                let text = Generated(
                    text: "", stopReason: .paragraph, promptTokens: 1, generatedTokens: 1, gpuMilliseconds: 1)
                _ = try await store.finishStep(step, claim, text, now: now)
            }
            let outcome = Outcome(answer: "", end: .answered, reward: .random(in: 0...1, using: &random))
            _ = try await store.settleJob(claim, .completed(outcome), now: now)
            jobs.append(job)
        }

        func correct() async throws {
            guard let job = jobs.randomElement(using: &random) else { return }
            try await store.recordFeedback(job, reward: .random(in: 0...1, using: &random), by: user, now: now)
        }

        func changePrice() async throws {
            var settings = try await reader.queue(queue).settings
            settings.switcher.cost = .random(in: 0...0.5, using: &random)
            try await store.setQueue(queue, settings, by: user, now: now)
        }

        /// A life of some dozens of events. Returns how many versions it published.
        func live() async throws -> Int {
            for _ in 0..<30 {
                switch Int.random(in: 0..<10, using: &random) {
                case 0: try await restart()
                case 1: try await changePrice()
                case 2, 3: try await correct()
                case 4 where Int.random(in: 0..<4, using: &random) == 0:
                    pairKey = "other \(pairKey)"
                    try await restart()
                case 5 where Int.random(in: 0..<4, using: &random) == 0:
                    let key = pairKey.dropLast(encoder.identity.count)
                    encoder = HashedEncoder(bucketCount: encoder.bucketCount == 8 ? 12 : 8)
                    pairKey = key + encoder.identity
                    try await restart()
                default: try await runJob()
                }
                if Bool.random(using: &random) { try await learner.learn(queue) }
            }
            try await learner.learn(queue)
            return try await reader.policyVersions(queue).count
        }

        func replay() async throws -> [PolicyReplayView] {
            let replay = PolicyReplay(reader: try store.makeAuditReader())
            var views: [PolicyReplayView] = []
            for version in try await replay.reader.policyVersions(queue) {
                views.append(try await replay.replay(version))
            }
            return views
        }

        func forge(_ sql: String) throws {
            let raw = try Connection(path: "\(state.directory)/state.sqlite", mode: .readWrite)
            for trigger in ["outcome_never_changes", "policy_snapshot_never_changes"] {
                try raw.execute("DROP TRIGGER \(trigger)")
            }
            try raw.execute(sql)
        }
    }

    private struct NotBegun: Error {}

    @Test(arguments: 1...10) func `every version is learnt again, bit for bit`(seed: UInt64) async throws {
        let history = try await History(seed: seed)
        let count = try await history.live()
        let views = try await history.replay()
        #expect(count >= 5)
        #expect(views.count == count)
        #expect(views.allSatisfy { $0.verdict == .identical }, "seed \(seed): \(views)")
    }

    @Test func `one forged reward differs from its episode on, and not before`() async throws {
        let history = try await History(seed: 7)
        _ = try await history.live()
        let newest = try #require(try await history.reader.policyVersions(history.queue).last)
        let outcome = try await history.reader.trainingEpisodes(queue: history.queue, limit: 1).episodes[0].outcome
        try history.forge("UPDATE transition SET reward = reward + 0.001 WHERE outcome = \(outcome)")
        let versions = try await history.reader.policyVersions(history.queue)
        for (version, view) in zip(versions, try await history.replay()) {
            let isForged = version.trainedThroughOutcome >= outcome
            #expect(view.verdict == (isForged ? .different : .identical), "version \(version.version)")
        }
        #expect(newest.trainedThroughOutcome >= outcome)
    }

    /// A londid that did not weigh the episodes of other pairs counted them whole: what it published stays true.
    @Test func `versions older than the weights are learnt again as they were`() async throws {
        let history = try await History(seed: 5)
        for _ in 0..<4 { try await history.runJob() }
        history.pairKey = "other \(history.pairKey)"
        for _ in 0..<3 { try await history.runJob() }
        let episodes = try await history.reader.trainingEpisodes(queue: history.queue, limit: 100)
        let fit = PolicyFit(
            kind: .fittedQ, cost: 0.05, encoderIdentity: history.encoder.identity,
            featureCount: history.encoder.featureCount, pairKey: history.pairKey, version: 1)
        let policy = try #require(try fit.policy(from: episodes))
        _ = try await history.store.savePolicySnapshot(
            NewPolicySnapshot(
                queue: history.queue, pairKey: policy.pairKey, kind: policy.kind.rawValue,
                encoder: policy.encoderIdentity, weights: policy.bytes, trainedThroughOutcome: policy.throughOutcome,
                episodeCount: policy.episodeCount,
                origin: PolicyOrigin(cost: 0.05, firstOutcome: episodes.episodes[0].outcome, trainedEpisodes: 7),
                verdict: .cold),
            now: Self.now)
        #expect(try await history.replay().map(\.verdict) == [.identical])
        var weighed = fit
        weighed.weigh(episodes)
        #expect(try weighed.policy(from: episodes)?.bytes != policy.bytes)
        try history.forge("UPDATE policy_snapshot SET prior_weight = 0.25")
        #expect(try await history.replay().map(\.verdict) == [.different])
    }

    @Test(arguments: [
        ("DELETE FROM transition WHERE outcome = 1; DELETE FROM outcome WHERE seq = 1", ReplayVerdict.notReproducible),
        ("UPDATE policy_snapshot SET cost = NULL", .notReproducible),
        ("UPDATE policy_snapshot SET kind = 'oracle'", .notReproducible),
        ("UPDATE policy_snapshot SET cost = cost + 1", .different),
        ("UPDATE policy_snapshot SET prior_weight = NULL", .identical),
        ("UPDATE policy_snapshot SET weights = x'00'", .different),
        ("UPDATE policy_snapshot SET pair_key = 'another'", .different),
        ("UPDATE policy_snapshot SET trained_episodes = 0.0 + 1 WHERE FALSE", .identical),
    ])
    func `what cannot be learnt again is told from what was changed`(sql: String, verdict: ReplayVerdict) async throws {
        let history = try await History(seed: 3)
        try await history.runJob()
        try await history.runJob()
        try await history.learner.learn(history.queue)
        try history.forge(sql)
        let view = try #require(try await history.replay().first)
        #expect(view.verdict == verdict, "\(view)")
        #expect((view.reason == nil) == (verdict == .identical))
    }
}

/// SplitMix64: a schedule that can be run again.
struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
