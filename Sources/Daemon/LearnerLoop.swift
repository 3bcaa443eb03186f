import Blocking
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
    /// Where nothing is new but corrections of what is known, a queue is refitted no more often than this: whoever changes
    /// her mind again and again makes no version each time.
    static let correctionPause = Duration.seconds(60)
    /// So many outcomes of a queue must come before a vetoed alarm is looked into again.
    private static let vetoedOutcomes: Int64 = 10

    /// A thread of its own, so that nobody's questions keep it waiting.
    private static let executor = BackgroundExecutor(threads: 1, niceness: 10)

    private let store: Store
    private let reader: StoreReader
    private let policies: PolicyBook
    private let texts: any TextEncoding
    private let pairKey: @Sendable (any FeatureEncoder) async -> String
    private let clock: WallClock
    private let shutdown: Shutdown
    private let log: Log
    private let dirty = Mutex<Set<QueueName>>([])
    private let correctionPause: Duration
    /// When each queue was refitted last, on a clock that never jumps.
    private let refitAt = Mutex<[QueueName: ContinuousClock.Instant]>([:])
    /// Queues whose corrections came within their pause.
    private let postponed = Mutex<Set<QueueName>>([])
    /// Queues that wait for the end of their pause.
    private let pausing = Mutex<Set<QueueName>>([])
    /// The last outcome of a queue when one user's jobs alone raised an alarm.
    private let vetoedAt = Mutex<[QueueName: Int64]>([:])
    private let board = ChangeBoard()

    init(
        store: Store, reader: StoreReader, policies: PolicyBook, texts: any TextEncoding,
        pairKey: @escaping @Sendable (any FeatureEncoder) async -> String, clock: WallClock, shutdown: Shutdown,
        log: Log, correctionPause: Duration = LearnerLoop.correctionPause
    ) {
        self.store = store
        self.reader = reader
        self.policies = policies
        self.texts = texts
        self.pairKey = pairKey
        self.clock = clock
        self.shutdown = shutdown
        self.log = log
        self.correctionPause = correctionPause
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
        try await withThrowingDiscardingTaskGroup { group in
            defer { group.cancelAll() }
            while !Task.isCancelled {
                let version = board.version
                guard let queue = dirty.withLock({ $0.popFirst() }) else {
                    await board.changed(since: version)
                    continue
                }
                do {
                    try await learn(queue)
                } catch let error as StorageError where error.isPassing {
                    log.about(queue: queue).error("queue \(queue): nothing was learnt yet: \(error)")
                    note(queue)
                    guard await shutdown.sleep(for: .seconds(1)) else { return }
                }
                if let pause = pause(of: queue), pausing.withLock({ $0.insert(queue).inserted }) {
                    group.addTask { await self.note(queue, in: pause) }
                }
            }
        }
    }

    /// What is left of a queue's pause; nil where it has none or nothing waits for its end.
    private func pause(of queue: QueueName) -> Duration? {
        guard postponed.withLock({ $0.remove(queue) }) != nil, let at = refitAt.withLock({ $0[queue] }) else {
            return nil
        }
        return max(.zero, correctionPause - at.duration(to: .now))
    }

    private func note(_ queue: QueueName, in pause: Duration) async {
        do { try await Task.sleep(for: pause) } catch {
            // The learner ends.
            return
        }
        _ = pausing.withLock { $0.remove(queue) }
        note(queue)
    }

    /// Publishes the version in force, as the store has it now, where it still fits.
    func load(_ queue: QueueRecord) async throws {
        let found: (snapshot: PolicySnapshot, state: PolicyEvent)?
        do {
            found = try await reader.policyInForce(queue.name)
        } catch StorageError.damagedPolicy(let name, let version) {
            log.about(queue: name).error(
                "\(StorageError.damagedPolicy(queue: name, version: version)); it is learnt anew")
            return
        }
        guard let (record, state) = found, let weights = record.weights else { return }
        do throws(SwitchingError) {
            var policy = try Policy(bytes: weights)
            let encoder = await texts.encoder
            let pairKey = await pairKey(encoder)
            // Stopped before the models had told who they are.
            if Task.isCancelled { return }
            try policy.check(encoder: encoder, pairKey: pairKey)
            policy.standIn = state.standIn
            policies.publish(policy, as: state.sequence, for: queue.name)
        } catch {
            // The history stays: the refit that follows at once learns the new policy from it, and of what the old one knew
            // keeps the mean with less certainty.
            policies.publish(nil, as: state.sequence, for: queue.name)
            log.about(queue: queue.name).notice(
                "queue \(queue.name): policy \(record.version) does not fit any more (\(error)); it is learnt anew,"
                    + " from what it knew at less weight")
        }
    }

    /// As `load`, for whoever has changed the state: what cannot be read now is read at the next start.
    func reload(_ queue: QueueRecord) async {
        do { try await load(queue) } catch {
            log.about(queue: queue.name).error("queue \(queue.name): its policy could not be read: \(error)")
        }
    }

    /// Looks after the queue's policy: freezes it where it does worse than it should, and refits it where there is enough
    /// news. Does neither while it is frozen.
    func learn(_ name: QueueName) async throws {
        let queue = try await reader.queue(name)
        guard learner(for: queue.settings.switcher.kind) != nil else { return }
        let state = try await reader.policyState(name)
        if state?.isFrozen == true { return }
        let versions = try await reader.policyVersions(name)
        if try await freezeIfWorse(queue, state, versions) { return }
        let encoder = await texts.encoder
        let pairKey = await pairKey(encoder)
        if Task.isCancelled { return }
        var fit = PolicyFit(
            kind: queue.settings.switcher.kind, cost: queue.settings.switcher.cost, encoderIdentity: encoder.identity,
            featureCount: encoder.featureCount, pairKey: pairKey, version: (versions.last?.version ?? 0) + 1)
        // A policy of another pair or encoder is replaced at once, however little news there is.
        let inForce = policies.policy(of: name).flatMap { $0.kind == fit.kind && $0.pairKey == pairKey ? $0 : nil }
        guard try await isWorthwhile(fit, name, inForce == nil ? nil : versions.last { !$0.isImported }) else { return }
        refitAt.withLock { $0[name] = .now }
        // What is corrected meanwhile stays as it was for this version.
        let through = try await store.beginLearning(name)
        let history = try await reader.trainingEpisodes(
            queue: name, throughOutcome: through, limit: Self.episodeLimit, .fair)
        let isIncumbentLearnt = versions.first { $0.version == inForce?.version }?.origin != nil
        let explorationRate = queue.settings.switcher.explorationRate
        fit.weigh(history)
        let candidate: Candidate?
        do throws(SwitchingError) {
            candidate = try await Self.executor.run { [fit] () throws(SwitchingError) in
                try Candidate(
                    fit, history, incumbent: inForce, isIncumbentLearnt: isIncumbentLearnt,
                    explorationRate: explorationRate)
            }
        } catch {
            if error != .cancelled { log.about(queue: name).error("queue \(name): nothing was learnt: \(error)") }
            return
        }
        guard let candidate else { return }
        let origin = PolicyOrigin(
            cost: fit.cost, firstOutcome: history.episodes.first?.outcome ?? 0,
            trainedEpisodes: fit.usable(history).count, priorWeight: fit.priorWeight,
            userEpisodes: history.userEpisodes)
        try await keep(candidate, origin, incumbent: state?.version, for: name)
    }

    private func keep(
        _ candidate: Candidate, _ origin: PolicyOrigin, incumbent: Int64?, for queue: QueueName
    ) async throws {
        let policy = candidate.policy
        let snapshot = NewPolicySnapshot(
            queue: queue, version: policy.version, pairKey: policy.pairKey, kind: policy.kind.rawValue,
            encoder: policy.encoderIdentity, weights: policy.bytes, trainedThroughOutcome: policy.throughOutcome,
            episodeCount: policy.episodeCount, origin: origin, verdict: candidate.verdict, incumbent: incumbent,
            trial: candidate.trial?.estimates ?? [:], explorationRate: candidate.trial?.explorationRate)
        let kept: KeptPolicy
        do {
            kept = try await keepingTrying(log, "queue \(queue)", shutdown) {
                try await store.savePolicySnapshot(snapshot, now: clock.now())
            }
        } catch StorageError.policyVersionTaken {
            // An import came first.
            return note(queue)
        }
        if let event = kept.event { policies.publish(policy, as: event.sequence, for: queue) }
        log.about(queue: queue).debug(
            "queue \(queue): policy \(policy.version), learnt from \(policy.episodeCount) episodes: "
                + "\(candidate.verdict.rawValue)\(kept.event == nil ? "" : ", in force")")
    }

    /// Counted before anything is loaded: most closed jobs are not enough news for a refit.
    /// - Parameter newest: the newest version that was learnt here; nil where there is none to go on from.
    private func isWorthwhile(
        _ fit: PolicyFit, _ queue: QueueName, _ newest: PolicySnapshot?
    ) async throws -> Bool {
        let known = newest.flatMap { $0.pairKey == fit.pairKey && $0.kind == fit.kind.rawValue ? $0 : nil }
        // What follows a step was counted as at the price of then, and another price may call elsewhere.
        if let cost = known?.origin?.cost, cost != fit.cost { return true }
        let through = known?.trainedThroughOutcome ?? 0
        func isEnough(_ count: Int) -> Bool {
            count > 0 && count * 100 >= (known?.episodeCount ?? 0) * Self.growthPercent
        }
        guard isEnough(try await reader.outcomeCount(queue: queue, after: through)) else { return false }
        if isEnough(try await reader.newOutcomeCount(queue: queue, after: through)) { return true }
        guard let at = refitAt.withLock({ $0[queue] }), at.duration(to: .now) < correctionPause else { return true }
        _ = postponed.withLock { $0.insert(queue) }
        return false
    }
}

extension LearnerLoop {
    /// Takes a policy out of force that does worse than its trial promised (`FreezeRule`).
    /// - Returns: whether it did.
    func freezeIfWorse(
        _ queue: QueueRecord, _ state: PolicyEvent?, _ versions: [PolicySnapshot]
    ) async throws -> Bool {
        // Bounds hold at the price and the exploration that they were estimated at; with others the next version brings new
        // ones.
        let (cost, rate) = (queue.settings.switcher.cost, queue.settings.switcher.explorationRate)
        guard let inForce = versions.first(where: { $0.version == state?.version }),
            inForce.origin?.cost == cost, inForce.explorationRate ?? rate == rate,
            policies.policy(of: queue.name)?.version == inForce.version,
            let start = try await reader.policyWatchStart(queue.name)
        else { return false }
        let judged = try await reader.judgedEpisodes(queue: queue.name, after: start, limit: FreezeRule.window)
        let rewards = judged.map { $0.reward - cost * Double($0.calls) }
        guard let alarm = FreezeRule.alarm(rewards: rewards, trial: inForce.trial),
            try await stands(alarm, queue, since: start)
        else { return false }
        let replaced = versions.first { $0.version == inForce.incumbent }?.version
        let standIn = alarm.standIn(inForce.trial, isIncumbentKept: replaced != nil)
        let successor = standIn.map { "always \($0 == .quick ? "QUICK" : "DEEPTHINK")" } ?? "policy \(replaced ?? 0)"
        let reason =
            "the last \(FreezeRule.window) judged jobs of policy \(inForce.version) came to "
            + "\(alarm.found.value.inThousandths) each, below the \(alarm.bound.inThousandths) of \(alarm.baseline.rawValue)"
        _ = try await keepingTrying(log, "queue \(queue.name)", shutdown) {
            try await store.freezePolicy(
                queue.name, version: standIn == nil ? replaced : nil, standIn: standIn, reason: reason, by: nil,
                now: clock.now())
        }
        log.about(queue: queue.name).tell(
            .policyFrozen, .warning,
            "queue \(queue.name): its policy is frozen and \(successor) acts, as \(reason); "
                + "`londictl policy thaw \(queue.name)` ends that")
        try await load(queue)
        return true
    }

    /// Whether an alarm stands without any one user's jobs. For this a long history is read, so not at every job's end.
    private func stands(_ alarm: FreezeRule.Alarm, _ queue: QueueRecord, since start: Int64) async throws -> Bool {
        let last = try await reader.lastOutcome(queue.name)
        if let vetoed = vetoedAt.withLock({ $0[queue.name] }), last - vetoed < Self.vetoedOutcomes { return false }
        let cost = queue.settings.switcher.cost
        let judged = try await reader.judgedEpisodesByUser(
            queue: queue.name, after: start, reach: Self.episodeLimit * UserShare.reach, limit: FreezeRule.window)
        let stands = FreezeRule.stands(
            alarm, judged: judged.map { (user: $0.user, reward: $0.reward - cost * Double($0.calls)) })
        vetoedAt.withLock { $0[queue.name] = stands ? nil : last }
        return stands
    }
}

extension Double {
    /// As people read a reward.
    fileprivate var inThousandths: String { "\((self * 1000).rounded() / 1000)" }
}
