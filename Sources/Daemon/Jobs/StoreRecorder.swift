import Domain
import Episodes
import Generation
import Storage
import Synchronization

/// Writes the steps of one running job to the store. A full disk holds a step's result back until there is room again;
/// any other failure to record ends the episode.
final class StoreRecorder: EpisodeRecorder {
    /// What every step of the job has in common.
    struct Context: Sendable {
        var claim: Claim
        var zone: Zone
        var quickModel: String
        var deepthinkModel: String
        var pairKey: String
    }

    private let store: Store
    private let context: Context
    private let clock: WallClock
    private let board: ChangeBoard
    private let writings: WritingBoard
    private let shutdown: Shutdown
    private let log: Log
    /// The step that runs, as the store numbers it.
    private let running = Mutex<StepID?>(nil)
    /// When the draft in hand was begun.
    private let draftStart = Mutex<Timestamp?>(nil)
    private let calls = Mutex(PacedCalls())

    init(
        store: Store, context: Context, clock: WallClock, board: ChangeBoard, writings: WritingBoard,
        shutdown: Shutdown,
        log: Log
    ) {
        self.store = store
        self.context = context
        self.clock = clock
        self.board = board
        self.writings = writings
        self.shutdown = shutdown
        self.log = log
    }

    func beginDraft(stepAt index: Int) async -> Bool {
        guard shutdown.phase == .running else { return false }
        draftStart.withLock { $0 = clock.now() }
        writings.begin(context.claim, stepAt: index, role: .quick, isDraft: true)
        return true
    }

    func hear(_ addition: String) { writings.add(addition, to: context.claim) }

    func dropDraft(stepAt index: Int, used: Generated) async throws {
        try await keepingTrying(log, "job \(context.claim.job)", shutdown) { [self] in
            try await store.dropDraft(try start(stepAt: index, draft: used))
        }
        writings.end(context.claim)
        board.post()
    }

    func begin(
        stepAt index: Int, worstCase: Spend, draft: Generated?,
        choose: @escaping @Sendable (StepBudget, MaskReason?) -> StepChoice
    ) async throws -> StepBeginning {
        // A step that is drafted already has begun, and is taken to its end.
        guard draft != nil || shutdown.phase == .running else { return .superseded }
        let begun = try await keepingTrying(log, "job \(context.claim.job)", shutdown) { [self] in
            try await store.beginStep(
                try start(stepAt: index, worstCase: worstCase, draft: draft), choose: choose)
        }
        await tellNotices()
        writings.end(context.claim)
        if case .begun(_, let decision, _) = begun, draft == nil || decision.role == .deepthink {
            writings.begin(context.claim, stepAt: index, role: decision.role, isDraft: false)
        }
        board.post()
        switch begun {
        case .begun(let step, let decision, _):
            if draft == nil || decision.role == .deepthink { running.withLock { $0 = step } }
            calls.withLock { $0.note(decision, stepAt: index) }
            return .write(decision)
        case .hold(let unit, let budget): return .hold(unit, budget)
        case .wait(let unit): return .wait(unit)
        case .fail(let unit, let budget): return .fail(unit, budget)
        case .superseded: return .superseded
        }
    }

    /// What the job has called so far.
    var pacedCalls: PacedCalls { calls.withLock { $0 } }

    func finish(stepAt index: Int, role: Role, generated: Generated, confirmsDraft: Bool?) async throws {
        let step = runningStep(index)
        _ = try await keepingTrying(log, "job \(context.claim.job)", shutdown) { [self] in
            try await store.finishStep(
                step, context.claim, generated, confirmsDraft: confirmsDraft, now: clock.now())
        }
        writings.end(context.claim)
        await tellNotices()
        board.post()
    }

    func abandon(stepAt index: Int, role: Role, because error: GenerationError) async throws {
        let step = runningStep(index)
        _ = try await keepingTrying(log, "job \(context.claim.job)", shutdown) { [self] in
            try await store.abandonStep(step, context.claim, Self.use(known: error), now: clock.now())
        }
        writings.end(context.claim)
        await tellNotices()
        board.post()
    }

    func open(_ opening: Opening) async throws {
        try await keepingTrying(log, "job \(context.claim.job)", shutdown) { [self] in
            try await store.recordOpening(opening, context.claim)
        }
    }

    func observe(_ observation: Observation, ofStepAt index: Int) async throws {
        try await keepingTrying(log, "job \(context.claim.job)", shutdown) { [self] in
            try await store.recordObservation(observation, ofStepAt: index, context.claim)
        }
        board.post()
    }

    private func start(stepAt index: Int, worstCase: Spend = .zero, draft: Generated?) throws -> StepStart {
        let now = clock.now()
        let begun = draftStart.withLock { $0 }
        return StepStart(
            claim: context.claim, index: index, day: try context.zone.day(at: now), worstCase: worstCase,
            draft: draft.map { StepDraft(generated: $0, startedAt: min(begun ?? now, now)) },
            quickModel: context.quickModel, deepthinkModel: context.deepthinkModel, pairKey: context.pairKey, now: now)
    }

    /// Logs what the step made worth saying about its queue's budget.
    private func tellNotices() async {
        for notice in await store.takeNotices() {
            log.about(queue: notice.queue).tell(.budgetWarning, .warning, notice.text(now: clock.now()))
        }
    }

    /// What a failed request may have used.
    private static func use(known error: GenerationError) -> AbandonedUse {
        if let partial = error.partial { return .measured(partial) }
        return switch error {
        case .serverDied, .lostTogether, .hung, .badAnswer, .http: .unknown
        default: .none
        }
    }

    private func runningStep(_ index: Int) -> StepID {
        running.withLock { running in
            guard let step = running else { preconditionFailure("step \(index) was ended without having begun") }
            running = nil
            return step
        }
    }
}
