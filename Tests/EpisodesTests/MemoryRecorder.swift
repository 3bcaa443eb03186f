import Domain
import Episodes
import Generation
import Synchronization

/// A recorder that keeps everything in memory under a budget of calls.
final class MemoryRecorder: EpisodeRecorder {
    struct State {
        var budget: BudgetDay
        var decisions: [Decision] = []
        /// What each of them saw.
        var features: [[Float]] = []
        var finished: [WrittenStep] = []
        /// What `finish` heard of the draft, call by call.
        var confirmations: [Bool?] = []
        var abandoned: [GenerationError] = []
        var worstCases: [Spend] = []
        /// What the job may call, and has called.
        var jobCalls: JobCalls?
        /// Drafts that were begun, and those that did not become their steps.
        var draftCount = 0
        var replaced: [Generated] = []
        var dropped: [Generated] = []
        /// What `beginDraft` answers.
        var takesDrafts = true
        /// How an environment began.
        var opening: Opening?
        /// Begins that are answered as if the job had been cancelled, counted down.
        var supersededAfter = Int.max
    }

    let state: Mutex<State>

    init(calls: Int64? = nil, jobCalls: Int? = nil) {
        var start = State(budget: BudgetDay(day: DayKey(daysSinceEpoch: 20_000), limits: BudgetLimits(calls: calls)))
        start.jobCalls = jobCalls.map { JobCalls(limit: $0, made: 0) }
        state = Mutex(start)
    }

    func beginDraft(stepAt index: Int) async -> Bool {
        state.withLock { state in
            if state.takesDrafts { state.draftCount += 1 }
            return state.takesDrafts
        }
    }

    func dropDraft(stepAt index: Int, used: Generated) async throws {
        state.withLock { $0.dropped.append(used) }
    }

    func begin(
        stepAt index: Int, worstCase: Spend, draft: Generated?,
        choose: @escaping @Sendable (StepBudget, MaskReason?) -> StepChoice
    ) async throws -> StepBeginning {
        state.withLock { state in
            state.supersededAfter -= 1
            guard state.supersededAfter >= 0 else { return .superseded }
            state.worstCases.append(worstCase)
            let budget = StepBudget(day: state.budget, jobCalls: state.jobCalls)
            switch choose(budget, budget.mask(for: worstCase)) {
            case .hold(let reason): return .hold(reason, state.budget)
            case .wait(let reason): return .wait(reason)
            case .fail(let reason): return .fail(reason, state.budget)
            case .write(let decision, let features):
                state.features.append(features)
                state.decisions.append(decision)
                if decision.role == .deepthink {
                    state.budget.spent.calls += 1
                    state.jobCalls?.made += 1
                    if let draft { state.replaced.append(draft) }
                } else if let draft {
                    state.finished.append(WrittenStep(index: index, role: .quick, generated: draft))
                }
                return .write(decision)
            }
        }
    }

    func finish(stepAt index: Int, role: Role, generated: Generated, confirmsDraft: Bool?) async throws {
        state.withLock { state in
            state.finished.append(WrittenStep(index: index, role: role, generated: generated))
            state.confirmations.append(confirmsDraft)
        }
    }

    func open(_ opening: Opening) async throws { state.withLock { $0.opening = opening } }

    func observe(_ observation: Observation, ofStepAt index: Int) async throws {
        state.withLock { state in
            guard let step = state.finished.lastIndex(where: { $0.index == index }) else { return }
            state.finished[step].observation = observation
        }
    }

    func abandon(stepAt index: Int, role: Role, because error: GenerationError) async throws {
        state.withLock { $0.abandoned.append(error) }
    }
}
