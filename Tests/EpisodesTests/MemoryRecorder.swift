import Domain
import Episodes
import Generation
import Synchronization

/// A recorder that keeps everything in memory under a budget of calls.
final class MemoryRecorder: EpisodeRecorder {
    struct State {
        var budget: BudgetDay
        var decisions: [Decision] = []
        var features: [[Float]] = []
        var finished: [WrittenStep] = []
        var abandoned: [GenerationError] = []
        var worstCases: [Spend] = []
        /// Begins that are answered as if the job had been cancelled, counted down.
        var supersededAfter = Int.max
    }

    let state: Mutex<State>

    init(calls: Int64? = nil) {
        state = Mutex(
            State(budget: BudgetDay(day: DayKey(daysSinceEpoch: 20_000), limits: BudgetLimits(calls: calls))))
    }

    func begin(
        stepAt index: Int, worstCase: Spend, choose: @escaping @Sendable (BudgetDay, MaskReason?) -> StepChoice
    ) async throws -> StepBeginning {
        state.withLock { state in
            state.supersededAfter -= 1
            guard state.supersededAfter >= 0 else { return .superseded }
            state.worstCases.append(worstCase)
            switch choose(state.budget, state.budget.mask(for: worstCase)) {
            case .hold(let reason): return .hold(reason, state.budget)
            case .wait(let reason): return .wait(reason)
            case .fail(let reason): return .fail(reason, state.budget)
            case .write(let decision, let features):
                state.features.append(features)
                state.decisions.append(decision)
                if decision.role == .deepthink { state.budget.spent.calls += 1 }
                return .write(decision)
            }
        }
    }

    func finish(stepAt index: Int, role: Role, generated: Generated) async throws {
        state.withLock { $0.finished.append(WrittenStep(index: index, role: role, generated: generated)) }
    }

    func abandon(stepAt index: Int, role: Role, because error: GenerationError) async throws {
        state.withLock { $0.abandoned.append(error) }
    }
}
