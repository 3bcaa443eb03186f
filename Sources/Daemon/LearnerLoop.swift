import Domain
import Episodes
import Storage
import Switching
import Synchronization

/// Refits a queue's policy when its jobs close, off the hot path, and publishes the result as a new version.
///
/// A version is a pure function of the episodes up to the outcome it names, so it can be computed again from the ledger,
/// whenever the refit happened to run.
final class LearnerLoop: Sendable {
    /// The newest episodes that a refit looks at.
    static let episodeLimit = 2_000
    /// A refit needs so many new episodes for each hundred known ones: the work and the stored versions grow with the
    /// logarithm of the history, not with its square.
    static let growthPercent = 2

    private let store: Store
    private let reader: StoreReader
    private let policies: PolicyBook
    private let texts: any TextEncoding
    private let pairKey: @Sendable (any FeatureEncoder) async -> String
    private let clock: WallClock
    private let shutdown: Shutdown
    private let log: Log
    private let dirty = Mutex<Set<QueueName>>([])
    private let board = ChangeBoard()

    init(
        store: Store, reader: StoreReader, policies: PolicyBook, texts: any TextEncoding,
        pairKey: @escaping @Sendable (any FeatureEncoder) async -> String, clock: WallClock, shutdown: Shutdown,
        log: Log
    ) {
        self.store = store
        self.reader = reader
        self.policies = policies
        self.texts = texts
        self.pairKey = pairKey
        self.clock = clock
        self.shutdown = shutdown
        self.log = log
    }

    /// Says that an episode of the queue has a new outcome.
    func note(_ queue: QueueName) {
        _ = dirty.withLock { $0.insert(queue) }
        board.post()
    }

    /// Loads the policies that earlier starts published, then learns until the task is cancelled.
    func run() async throws {
        for queue in try await reader.queues() {
            try await load(queue)
            note(queue.name)
        }
        while !Task.isCancelled {
            let version = board.version
            guard let queue = dirty.withLock({ $0.popFirst() }) else {
                await board.changed(since: version)
                continue
            }
            do {
                try await learn(queue)
            } catch let error as StorageError where error.isPassing {
                log.error("queue \(queue): nothing was learnt yet: \(error)")
                note(queue)
                guard await shutdown.sleep(for: .seconds(1)) else { return }
            }
        }
    }

    /// Publishes what an earlier start learnt, where it still fits.
    func load(_ queue: QueueRecord) async throws {
        let snapshot: PolicySnapshot?
        do {
            snapshot = try await reader.latestPolicySnapshot(queue.name)
        } catch StorageError.damagedPolicy(let name, let version) {
            log.error("\(StorageError.damagedPolicy(queue: name, version: version)); it is learnt anew")
            return
        }
        guard let record = snapshot, let weights = record.weights else { return }
        do throws(SwitchingError) {
            let policy = try Policy(bytes: weights)
            let encoder = await texts.encoder
            let pairKey = await pairKey(encoder)
            // Stopped before the models had told who they are.
            if Task.isCancelled { return }
            try policy.check(encoder: encoder, pairKey: pairKey)
            policies.publish(policy, for: queue.name)
        } catch {
            // The history stays: the refit that follows at once learns the new policy from it, and of what the old one knew
            // keeps the mean with less certainty.
            log.notice(
                "queue \(queue.name): policy \(record.version) does not fit any more (\(error)); it is learnt anew,"
                    + " from what it knew at less weight")
        }
    }

    /// Refits the queue's policy where there is enough news.
    func learn(_ name: QueueName) async throws {
        let queue = try await reader.queue(name)
        guard learner(for: queue.settings.switcher.kind) != nil else { return }
        let encoder = await texts.encoder
        let pairKey = await pairKey(encoder)
        if Task.isCancelled { return }
        // A policy of another pair or encoder is replaced at once, however little news there is.
        let current = policies.policy(of: name).flatMap { $0.pairKey == pairKey ? $0 : nil }
        guard try await isWorthwhile(name, after: current) else { return }
        let history = try await reader.trainingEpisodes(queue: name, limit: Self.episodeLimit)
        let version = (try await reader.policyVersions(name).last?.version ?? 0) + 1
        var fit = PolicyFit(
            kind: queue.settings.switcher.kind, cost: queue.settings.switcher.cost, encoderIdentity: encoder.identity,
            featureCount: encoder.featureCount, pairKey: pairKey, version: version)
        fit.weigh(history)
        let work = Task.detached(priority: .low) { [fit] () throws(SwitchingError) in try fit.policy(from: history) }
        let policy: Policy
        switch await work.result {
        case .success(let fitted):
            guard let fitted else { return }
            policy = fitted
        case .failure(let error):
            log.error("queue \(name): nothing was learnt: \(error)")
            return
        }
        let origin = PolicyOrigin(
            cost: fit.cost, firstOutcome: history.episodes.first?.outcome ?? 0,
            trainedEpisodes: fit.usable(history).count, priorWeight: fit.priorWeight)
        try await keep(policy, origin, for: name)
    }

    private func keep(_ policy: Policy, _ origin: PolicyOrigin, for queue: QueueName) async throws {
        let snapshot = NewPolicySnapshot(
            queue: queue, pairKey: policy.pairKey, kind: policy.kind.rawValue, encoder: policy.encoderIdentity,
            weights: policy.bytes, trainedThroughOutcome: policy.throughOutcome, episodeCount: policy.episodeCount,
            origin: origin)
        let version = try await keepingTrying(log, "queue \(queue)", shutdown) {
            try await store.savePolicySnapshot(snapshot, now: clock.now())
        }
        precondition(version == policy.version, "only this loop publishes policies")
        policies.publish(policy, for: queue)
        log.debug("queue \(queue): policy \(policy.version), learnt from \(policy.episodeCount) episodes")
    }

    /// Counted before anything is loaded: most closed jobs are not enough news for a refit.
    private func isWorthwhile(_ queue: QueueName, after policy: Policy?) async throws -> Bool {
        let fresh = try await reader.outcomeCount(queue: queue, after: policy?.throughOutcome ?? 0)
        return fresh > 0 && fresh * 100 >= (policy?.episodeCount ?? 0) * Self.growthPercent
    }
}
