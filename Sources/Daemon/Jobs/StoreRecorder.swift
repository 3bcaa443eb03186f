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
    private let shutdown: Shutdown
    private let log: Log
    /// The step that runs, as the store numbers it.
    private let running = Mutex<StepID?>(nil)

    init(store: Store, context: Context, clock: WallClock, board: ChangeBoard, shutdown: Shutdown, log: Log) {
        self.store = store
        self.context = context
        self.clock = clock
        self.board = board
        self.shutdown = shutdown
        self.log = log
    }

    func begin(
        stepAt index: Int, worstCase: Spend, choose: @escaping @Sendable (BudgetDay, MaskReason?) -> StepChoice
    ) async throws -> StepBeginning {
        guard shutdown.phase == .running else { return .superseded }
        let begun = try await keepingTrying(log, "job \(context.claim.job)", shutdown) { [self] in
            let now = clock.now()
            let day = try context.zone.day(at: now)
            let start = StepStart(
                claim: context.claim, index: index, day: day, worstCase: worstCase, quickModel: context.quickModel,
                deepthinkModel: context.deepthinkModel, pairKey: context.pairKey, now: now)
            return try await store.beginStep(start, choose: choose)
        }
        await tellNotices()
        board.post()
        switch begun {
        case .begun(let step, let decision, _):
            running.withLock { $0 = step }
            return .write(decision)
        case .hold(let reason, let budget): return .hold(reason, budget)
        case .wait(let reason): return .wait(reason)
        case .fail(let reason, let budget): return .fail(reason, budget)
        case .superseded: return .superseded
        }
    }

    func finish(stepAt index: Int, role: Role, generated: Generated) async throws {
        let step = runningStep(index)
        _ = try await keepingTrying(log, "job \(context.claim.job)", shutdown) { [self] in
            try await store.finishStep(step, context.claim, generated, now: clock.now())
        }
        await tellNotices()
        board.post()
    }

    func abandon(stepAt index: Int, role: Role, because error: GenerationError) async throws {
        let step = runningStep(index)
        _ = try await keepingTrying(log, "job \(context.claim.job)", shutdown) { [self] in
            try await store.abandonStep(step, context.claim, Self.use(known: error), now: clock.now())
        }
        await tellNotices()
        board.post()
    }

    /// Logs what the step made worth saying about its queue's budget.
    private func tellNotices() async {
        for notice in await store.takeNotices() { log.warning(notice.text(now: clock.now())) }
    }

    /// What a failed request may have used.
    private static func use(known error: GenerationError) -> AbandonedUse {
        if let partial = error.partial { return .measured(partial) }
        return switch error {
        case .serverDied, .hung, .badAnswer, .http: .unknown
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
