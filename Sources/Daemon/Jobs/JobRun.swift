import Domain
import Environments
import Episodes
import Generation
import Storage
import Switching

/// Takes one claimed job through its episode and settles what came of it.
struct JobRun: Sendable {
    /// What all jobs share.
    struct Environment: Sendable {
        var store: Store
        var texts: any TextEncoding
        var runner: EpisodeRunner
        var policies: PolicyBook
        var pacing: PacingBook
        var learner: LearnerLoop
        var pair: EnginePair
        var clock: WallClock
        var board: ChangeBoard
        var writings: WritingBoard
        var shutdown: Shutdown
        var log: Log
    }

    private static let modelWaitMilliseconds: Int64 = 30_000
    private static let zoneWaitMilliseconds: Int64 = 60_000

    let claimed: ClaimedJob
    let environment: Environment
    /// Whether the worker may go on with another job when this one has ended.
    let takesNext: @Sendable () -> Bool

    private var log: Log { environment.log.about(job: claimed.claim.job, queue: claimed.queue) }

    /// Returns the job that was claimed together with this one's end, if any.
    /// - Throws: where the outcome cannot be recorded: the daemon must not go on then.
    func run() async throws -> ClaimedJob? {
        do {
            // What the models are asked for this job counts against no other one.
            return try await Requester.$job.withValue(claimed.claim.job) { try await runEpisode() }
        } catch let error as ZoneError {
            // The queue was made with this zone, so it is the machine's zone database that is away.
            log.error("queue \(claimed.queue): \(error)")
            let later = environment.clock.now().advanced(byMilliseconds: Self.zoneWaitMilliseconds)
            try await release(Release(.until(later)))
            return nil
        }
    }

    private func runEpisode() async throws -> ClaimedJob? {
        let time = JobTime(of: claimed, clock: environment.clock)
        let request = ReadRequest(claimed.request, of: claimed.claim.job, customID: claimed.customID)
        if let damage = request.damage {
            log.error(damage)
            return try await settle(.failed(JobFailure(code: "invalid-job", message: damage)))
        }
        let zone = try Zone(claimed.settings.timeZone)
        let now = environment.clock.now()
        let quickModel = await environment.pair.engine(.quick).identity
        let deepthinkModel = await environment.pair.engine(.deepthink).identity
        let encoder = await environment.texts.encoder
        let pairKey = await environment.pair.pairKey(encoder)
        let policy = environment.policies.policy(of: claimed.queue, for: encoder)
        let pacing = try await environment.pacing.plan(
            forJobOf: claimed.queue, claimed.settings, policy: policy, zone: zone, now: now)
        let assignment = Assignment(
            job: claimed.claim.job, episode: claimed.claim.episode.number, specification: request.specification,
            settings: claimed.settings, opening: claimed.opening, written: claimed.steps, policy: policy,
            encoder: encoder, pacing: pacing,
            dayFraction: try zone.dayFraction(at: now))
        let recorder = StoreRecorder(
            store: environment.store,
            context: .init(
                claim: claimed.claim, zone: zone, quickModel: quickModel, deepthinkModel: deepthinkModel,
                pairKey: pairKey),
            clock: environment.clock, board: environment.board, writings: environment.writings,
            shutdown: environment.shutdown, log: log)
        defer { environment.writings.end(claimed.claim) }
        let result = try await environment.runner.run(assignment, recorder: recorder, bound: time.bound)
        if let pacing { environment.pacing.noteEnd(of: claimed.queue, pacing, recorder.pacedCalls) }
        if case .timedOut = result { return try await settle(.timeout(time.failure)) }
        return try await conclude(result, zone: zone)
    }

    private func conclude(_ result: EpisodeResult, zone: Zone) async throws -> ClaimedJob? {
        let now = environment.clock.now()
        switch result {
        case .ended(let outcome):
            // Only an environment tells of success.
            let source: RewardSource = outcome.success == nil ? .verifier : .environment
            let next = try await settle(.completed(outcome, source: source))
            if outcome.reward != nil { environment.learner.note(claimed.queue) }
            return next
        case .unjudged(let outcome, let error):
            let failure = JobFailure(code: "verifier", message: "\(error)")
            if claimed.failedAttempts + 1 >= claimed.maxAttempts {
                return try await settle(.failed(failure, outcome))
            } else {
                try await release(Release(.until(backoff(from: now)), failure: failure))
            }
        case .held(let reason, let budget):
            log.info("job \(claimed.claim.job): held, the budget is spent in \(reason.rawValue)")
            try await release(Release(.budgetExhausted(until: try zone.reset(of: budget.day, now: now))))
        case .waits:
            try await release(Release(.budgetReserved(until: try zone.nextDay(after: now))))
        case .refused(let reason, let budget):
            let resetsAt = try zone.reset(of: budget.day, now: now)
            let message =
                "queue \(claimed.queue) has too little of \(budget.day)'s budget left for a DEEPTHINK step: "
                + "\(budget.account(of: reason)); it is new in \((resetsAt.milliseconds - now.milliseconds) / 60_000) min"
            let refusal = BudgetRefusal(
                scope: reason, limit: budget.limits[reason] ?? 0, spent: budget.spent[reason],
                reserved: budget.reserved[reason], resetsAt: resetsAt)
            return try await settle(
                .failed(JobFailure(code: BudgetRefusal.faultCode, message: message, refusal: refusal)))
        case .interrupted(let role, let error): return try await conclude(error, of: role, now: now)
        case .environmentFailed(let error):
            log.warning("job \(claimed.claim.job): \(error)")
            let failure = JobFailure(code: error.code, message: "\(error)")
            guard error.isPassing else { return try await settle(.failed(failure)) }
            try await release(Release(.until(backoff(from: now)), failure: failure))
        case .timedOut: preconditionFailure("settled by its caller, which knows the time")
        case .cancelled:
            // Stopped with the daemon: the job goes on after its next start. Cancelled by a user: the store has said so
            // already, and this changes nothing, as for every claim that no longer holds. What was cut off for any other
            // reason must not stay running without anybody who runs it.
            try await release(Release(.none))
        }
        return nil
    }

    private func conclude(
        _ error: GenerationError, of role: EngineRole, now: Timestamp
    ) async throws -> ClaimedJob? {
        log.about(role: role).warning("job \(claimed.claim.job): a \(role.rawValue) step: \(error)")
        let failure = JobFailure(code: "model-error", message: "\(error)")
        switch error {
        case _ where !error.isPassing: return try await settle(.failed(failure))
        case .serverDied, .hung, .http:
            // The job itself may be what the server dies of, so it may not try for ever.
            try await release(Release(.until(backoff(from: now)), failure: failure))
        case .lostTogether:
            // Another job may be. Its next request is sent alone, so this cannot go on for ever either.
            try await release(Release(.until(backoff(from: now))))
        default:
            // Woken when the model is back; or by time, where it came back before this was written.
            let latest = now.advanced(byMilliseconds: Self.modelWaitMilliseconds)
            try await release(Release(.modelUnavailable(until: latest)))
        }
        return nil
    }

    private func settle(_ end: JobEnd) async throws -> ClaimedJob? {
        let next = try await keepingTrying(
            log, "job \(claimed.claim.job)", environment.shutdown
        ) { () async throws -> ClaimedJob? in
            let now = environment.clock.now()
            if takesNext() { return try await environment.store.settleJobAndClaim(claimed.claim, end, now: now) }
            _ = try await environment.store.settleJob(claimed.claim, end, now: now)
            return nil
        }
        environment.board.post()
        return next
    }

    private func release(_ release: Release) async throws {
        _ = try await keepingTrying(log, "job \(claimed.claim.job)", environment.shutdown) {
            try await environment.store.releaseJob(claimed.claim, release, now: environment.clock.now())
        }
        environment.board.post()
    }

    private func backoff(from now: Timestamp) -> Timestamp {
        now.advanced(
            byMilliseconds: Backoff.milliseconds(
                job: claimed.claim.job, attempt: claimed.claim.attempt, failedAttempts: claimed.failedAttempts))
    }
}
