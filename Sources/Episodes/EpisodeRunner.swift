import Domain
package import Environments
import Generation
import Switching

/// Runs one job: `observe → choose → reserve → generate → record`, step by step, until the answer is complete.
/// Where the queue observes the draft, QUICK drafts each step before it is chosen who writes it.
///
/// Both models continue one transcript: what QUICK wrote, DEEPTHINK reads as its own beginning, and the other way round.
package struct EpisodeRunner: Sendable {
    let environments: EnvironmentPool
    let times: StepTimes
    private let quick: RoleModel
    private let deepthink: RoleModel
    private let texts: any TextEncoding
    private let judge: Judge
    private let stepMilliseconds: Int

    /// - Parameters:
    ///   - environments: in which jobs may act.
    ///   - times: to which the time of steps is added.
    ///   - stepMilliseconds: the time in which a model writes one step, after which it is cut off.
    package init(
        quick: RoleModel, deepthink: RoleModel, texts: any TextEncoding, judge: Judge,
        environments: EnvironmentPool = EnvironmentPool([], limit: 0), times: StepTimes = StepTimes(),
        stepMilliseconds: Int
    ) {
        self.quick = quick
        self.deepthink = deepthink
        self.texts = texts
        self.judge = judge
        self.environments = environments
        self.times = times
        self.stepMilliseconds = stepMilliseconds
    }

    /// Goes on with `assignment` where it stands and returns how it ended.
    /// - Parameter bound: cuts off whatever runs when it is over, a step or the judge.
    /// - Throws: only what `recorder` throws: then nothing more may be done for the job.
    package func run(
        _ assignment: Assignment, recorder: any EpisodeRecorder, bound: TimeBound? = nil
    ) async throws -> EpisodeResult {
        let result =
            if let request = assignment.specification.environment {
                try await act(in: request, assignment, recorder: recorder, bound: bound)
            } else {
                try await reason(assignment, recorder: recorder, bound: bound)
            }
        if case .cancelled = result, let bound, bound.isOver(), !Task.isCancelled { return .timedOut }
        return result
    }

    private func reason(
        _ assignment: Assignment, recorder: any EpisodeRecorder, bound: TimeBound?
    ) async throws -> EpisodeResult {
        var progress = EpisodeProgress(assignment)
        if let stopped = try await writeSteps(after: &progress, assignment, recorder, bound) { return stopped }
        guard let bound else { return await judged(progress, assignment) }
        let written = progress
        return await bound.run { await judged(written, assignment) }
    }

    /// Has steps written until the episode is complete.
    /// - Parameter episode: in which the models act: then until one step is.
    /// - Returns: why it ends before; nil where it does not.
    func writeSteps(
        after progress: inout EpisodeProgress, _ assignment: Assignment, _ recorder: any EpisodeRecorder,
        _ bound: TimeBound?, in episode: EnvironmentEpisode? = nil
    ) async throws -> EpisodeResult? {
        while !progress.isComplete {
            if let bound, bound.isOver() { return .cancelled }
            // Whose turn it was when a model failed.
            var turn = EngineRole.deepthink
            do {
                let taken = try await takeStep(after: progress, assignment, recorder, bound, in: episode) { turn = $0 }
                switch taken {
                case .written(let step):
                    progress.append(step)
                    if episode != nil { return nil }
                case .stopped(let result): return result
                }
            } catch let error as GenerationError {
                switch error {
                case .cancelled: return .cancelled
                // What is written is an answer, cut short; a first prompt that does not fit is the job's fault.
                case .promptTooLong where !progress.steps.isEmpty,
                    .promptTooLarge where !progress.steps.isEmpty:
                    progress.endAtContextLimit()
                default: return .interrupted(turn, error)
                }
            }
        }
        return nil
    }

    private enum Taken {
        case written(WrittenStep)
        case stopped(EpisodeResult)
    }

    /// Takes the step that follows `progress`: drafts it where the queue wants to see that, decides, and writes.
    /// - Parameter turn: hears whose turn it is.
    private func takeStep(
        after progress: EpisodeProgress, _ assignment: Assignment, _ recorder: any EpisodeRecorder, _ bound: TimeBound?,
        in episode: EnvironmentEpisode?, turn: (EngineRole) -> Void
    ) async throws -> Taken {
        let limits = StepLimits(tokens: assignment.settings.stepTokens, timeMilliseconds: stepMilliseconds)
        let (index, next) = (progress.steps.count, progress.turn)
        // DEEPTHINK's prompt is counted first: its worst case must be known before anything is chosen.
        turn(.deepthink)
        let costly = try await bound.cuttingOff { () async throws(GenerationError) in
            try await times.measure(.prompt) { () async throws(GenerationError) in try await deepthink.prepare(next) }
        }
        let seed = decisionSeed(job: assignment.job, episode: assignment.episode, step: index)
        @Sendable func quickStep() async throws(GenerationError) -> Generated {
            let prompt = try await times.measure(.prompt) { () async throws(GenerationError) in
                try await quick.prepare(next)
            }
            return try await times.measure(.quick) { () async throws(GenerationError) in
                try await quick.generate(next, prompt, limits, seed: seed, onText: recorder.hear)
            }
        }
        var draft: Generated?
        if assignment.settings.observe == .draft {
            turn(.quick)
            guard await recorder.beginDraft(stepAt: index) else { return .stopped(.cancelled) }
            draft = try await givingUp {
                if let part = $0.partial { try await recorder.dropDraft(stepAt: index, used: part) }
            } whereFails: {
                () async throws(GenerationError) in
                try await bound.cuttingOff(quickStep)
            }
        }
        turn(.encoder)
        let observed = draft
        let text = try await givingUp { _ in
            if let observed { try await recorder.dropDraft(stepAt: index, used: observed) }
        } whereFails: { () async throws(GenerationError) in
            try await bound.cuttingOff { () async throws(GenerationError) in
                try await times.measure(.encoder) { () async throws(GenerationError) in
                    try await read(progress.state(draft: observed), assignment)
                }
            }
        }
        let worstCase = limits.worstCase(for: costly)
        let choose = choice(at: progress, draft: draft, text: text, in: assignment, worstCase: worstCase, seed: seed)
        let beginning = try await times.measure(.books) {
            try await recorder.begin(stepAt: index, worstCase: worstCase, draft: draft, choose: choose)
        }
        let role: Role
        switch beginning {
        case .hold(let unit, let budget): return .stopped(.held(unit, budget))
        case .wait(let unit): return .stopped(.waits(unit))
        case .fail(let unit, let budget): return .stopped(.refused(unit, budget))
        case .superseded: return .stopped(.cancelled)
        case .write(let decision): role = decision.role
        }
        if let draft, role == .quick { return .written(WrittenStep(index: index, role: role, generated: draft)) }
        turn(EngineRole(role))
        let generated: Generated
        if role == .deepthink, let advised = try await advisedStep(at: index, in: episode, recorder, bound) {
            generated = advised
        } else {
            generated = try await givingUp {
                try await recorder.abandon(stepAt: index, role: role, because: $0)
            } whereFails: { () async throws(GenerationError) in
                try await bound.cuttingOff { () async throws(GenerationError) in
                    switch role {
                    case .deepthink:
                        try await times.measure(.deepthink) { () async throws(GenerationError) in
                            try await deepthink.generate(next, costly, limits, seed: seed, onText: recorder.hear)
                        }
                    case .quick: try await quickStep()
                    }
                }
            }
        }
        let isConfirmed = draft.map { progress.isSame($0, generated) }
        try await times.measure(.books) {
            try await recorder.finish(stepAt: index, role: role, generated: generated, confirmsDraft: isConfirmed)
        }
        return .written(WrittenStep(index: index, role: role, generated: generated))
    }

    /// What DEEPTHINK's step comes to where the environment's oracle takes it; nil where that takes none.
    private func advisedStep(
        at index: Int, in episode: EnvironmentEpisode?, _ recorder: any EpisodeRecorder, _ bound: TimeBound?
    ) async throws -> Generated? {
        guard let episode else { return nil }
        let action: String?
        do throws(EnvironmentError) {
            action = try await times.measure(.deepthink) { () async throws(EnvironmentError) in
                try await bound.cuttingOff { () async throws(EnvironmentError) in try await episode.advised() }
            }
        } catch {
            let reason = GenerationError.unavailable(role: .deepthink, reason: error.description)
            try await recorder.abandon(stepAt: index, role: .deepthink, because: reason)
            throw error
        }
        return action.map { Generated(text: $0, stopReason: .endOfTurn) }
    }

    /// Generates what was begun; where that fails it is given up before the error goes on.
    private func givingUp<Value>(
        _ giveUp: (GenerationError) async throws -> Void,
        whereFails generate: () async throws(GenerationError) -> Value
    ) async throws -> Value {
        do throws(GenerationError) {
            return try await generate()
        } catch {
            try await giveUp(error)
            throw error
        }
    }

    /// What the encoder makes of the texts so far.
    private func read(_ state: SwitcherState, _ assignment: Assignment) async throws(GenerationError) -> [Float] {
        guard await texts.encoder.identity == assignment.encoder.identity else {
            throw .unavailable(role: .encoder, reason: "it has become another model; the job goes on with that one")
        }
        return try await texts.text(of: state)
    }

    /// The Switcher's choice as a function of the budget alone: everything else is known before the transaction begins.
    private func choice(
        at progress: EpisodeProgress, draft: Generated?, text: [Float], in assignment: Assignment, worstCase: Spend,
        seed: UInt64
    ) -> @Sendable (StepBudget, MaskReason?) -> StepChoice {
        { budget, mask in
            let state = progress.state(budget: budget, draft: draft, dayFraction: assignment.dayFraction)
            let features = assignment.encoder.encode(state, text: text)
            let queue = assignment.settings
            func own(_ price: PacedPrice?) -> Double? {
                price?.price(job: assignment.job, episode: assignment.episode)
            }
            // A job that has made all its calls has nothing to wait for.
            if let unit = mask?.unit, queue.onBudget != .quick,
                wantsDeepthink(
                    features: features, state: state, settings: queue.switcher, policy: assignment.policy,
                    price: own(assignment.pacing?.priceOfDay(budget.day, worstCase: worstCase)), seed: seed)
            {
                var settled = budget.day
                settled.reserved = .zero
                if settled.mask(for: worstCase) == nil { return .wait(unit) }
                return queue.onBudget == .hold ? .hold(unit) : .fail(unit)
            }
            let decision = decide(
                features: features, state: state, settings: queue.switcher, policy: assignment.policy, mask: mask,
                explorationAllowed: budget.day.allowsExploration(share: queue.switcher.explorationShare),
                price: own(assignment.pacing?.price(for: budget.day, worstCase: worstCase)), seed: seed)
            return .write(decision, features: features)
        }
    }

    private func judged(_ progress: EpisodeProgress, _ assignment: Assignment) async -> EpisodeResult {
        var outcome = Outcome(answer: progress.text, end: progress.end, reward: nil)
        do throws(VerificationError) {
            outcome.reward = try await judge.reward(
                for: progress.text, of: assignment.specification, job: assignment.job)
            return .ended(outcome)
        } catch {
            return Task.isCancelled ? .cancelled : .unjudged(outcome, error)
        }
    }
}
