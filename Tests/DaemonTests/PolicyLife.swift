import Control
import Domain
import Episodes
import Storage
import Switching
import Testing

@testable import Daemon

/// A queue whose jobs have one step each and whose learner decides them, on a real store and without models: on hard
/// questions, which one feature shows, QUICK is mostly wrong.
final class PolicyLife {
    static let user = User(uid: 1000, name: "ann")
    static let now = Timestamp(milliseconds: 1_795_000_000_000)
    private static let hardFeature = 10

    let state: TemporaryState
    let store: Store
    let reader: StoreReader
    let queue: QueueName
    let encoder = HashedEncoder(bucketCount: 8)
    private(set) var learner: LearnerLoop
    private(set) var policies = PolicyBook()
    private var random: Seeded
    /// The odds of a right answer to a hard question.
    var quickOnHard = 0.2
    var deepthinkOnHard = 0.95

    init(
        seed: UInt64, settings: SwitcherSettings = SwitcherSettings(explorationShare: 1),
        correctionPause: Duration = LearnerLoop.correctionPause
    ) async throws {
        state = try TemporaryState()
        store = try Store(directory: state.directory, now: Self.now)
        reader = try store.makeReader()
        queue = try QueueName("maths")
        random = Seeded(seed: seed)
        try await store.createQueue(queue, QueueSettings(switcher: settings), by: Self.user, now: Self.now)
        learner = Self.learner(store, reader, policies, encoder, correctionPause)
    }

    private static func learner(
        _ store: Store, _ reader: StoreReader, _ policies: PolicyBook, _ encoder: HashedEncoder,
        _ correctionPause: Duration = LearnerLoop.correctionPause
    ) -> LearnerLoop {
        LearnerLoop(
            store: store, reader: reader, policies: policies, texts: HashedTexts(encoder), pairKey: { pairKey($0) },
            clock: WallClock(), shutdown: Shutdown(board: ChangeBoard()),
            log: Log(threshold: .error), correctionPause: correctionPause)
    }

    private static func pairKey(_ encoder: any FeatureEncoder) -> String { "small + large + \(encoder.identity)" }

    /// The learner as after a new start of londid.
    func restart() async throws {
        policies = PolicyBook()
        learner = Self.learner(store, reader, policies, encoder)
        try await learner.load(try await reader.queue(queue))
    }

    func runJobs(_ count: Int, learningEvery interval: Int = 10) async throws {
        for number in 1...count {
            try await runJob()
            if number.isMultiple(of: interval) { try await learner.learn(queue) }
        }
    }

    /// The role that wrote the job's step.
    @discardableResult
    func runJob(isHard: Bool? = nil, by user: User = PolicyLife.user, reward: Double? = nil) async throws -> Role {
        let isHard = isHard ?? Bool.random(using: &random)
        let settings = try await reader.queue(queue).settings.switcher
        var features = [Float](repeating: 0, count: encoder.featureCount)
        features[0] = 1
        features[Self.hardFeature] = isHard ? 1 : 0
        let shown = features
        _ = try await store.submitJob(NewJob(specification: "{}"), queue: queue, submitter: user, now: Self.now)
        let claim = try #require(try await store.claim(now: Self.now)).claim
        let decision = decide(
            features: shown, state: SwitcherState(question: "", maxSteps: 4), settings: settings,
            policy: policies.policy(of: queue), mask: nil, explorationAllowed: true, seed: random.next())
        let start = StepStart(
            claim: claim, index: 0, day: DayKey(year: 2026, month: 11, day: 18),
            worstCase: Spend(calls: 1, tokens: 5, gpuMilliseconds: 5), quickModel: "small", deepthinkModel: "large",
            pairKey: Self.pairKey(encoder), now: Self.now)
        let begun = try await store.beginStep(start) { _, _ in .write(decision, features: shown) }
        guard case .begun(let step, _, _) = begun else { throw NotBegun() }
        let text = Generated(
            text: "", stopReason: .paragraph, promptTokens: 1, generatedTokens: 1, gpuMilliseconds: 1)
        _ = try await store.finishStep(step, claim, text, now: Self.now)
        let odds = isHard ? (decision.role == .quick ? quickOnHard : deepthinkOnHard) : 0.95
        let earned = Double.random(in: 0..<1, using: &random) < odds ? 1.0 : 0
        _ = try await store.settleJob(
            claim, .completed(Outcome(answer: "", end: .answered, reward: reward ?? earned)), now: Self.now)
        return decision.role
    }

    func setExploration(_ rate: Double) async throws {
        var settings = try await reader.queue(queue).settings
        settings.switcher.explorationRate = rate
        try await store.setQueue(queue, settings, by: Self.user, now: Self.now)
    }

    /// Has the learner look whether the policy does worse than it should; the event if it froze it.
    func frozenByGuard() async throws -> PolicyEvent? {
        let (state, versions) = (try await reader.policyState(queue), try await reader.policyVersions(queue))
        let isFrozen = try await learner.freezeIfWorse(try await reader.queue(queue), state, versions)
        return isFrozen ? try await reader.policyState(queue) : nil
    }

    func replay() async throws -> [PolicyReplayView] {
        let replay = PolicyReplay(reader: try store.makeAuditReader())
        var views: [PolicyReplayView] = []
        for version in try await replay.reader.policyVersions(queue) { views.append(try await replay.replay(version)) }
        return views
    }

    private struct NotBegun: Error {}
}
