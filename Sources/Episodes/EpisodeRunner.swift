import Domain
import Generation
import Switching

/// Runs one reasoning job: `observe → choose → reserve → generate → record`, step by step, until the answer is complete.
///
/// Both models continue one transcript: what QUICK wrote, DEEPTHINK reads as its own beginning, and the other way round.
package struct EpisodeRunner: Sendable {
    private let quick: RoleModel
    private let deepthink: RoleModel
    private let texts: any TextEncoding
    private let judge: Judge
    private let stepMilliseconds: Int

    /// - Parameter stepMilliseconds: the time of one step, after which it is cut off.
    package init(
        quick: RoleModel, deepthink: RoleModel, texts: any TextEncoding, judge: Judge, stepMilliseconds: Int
    ) {
        self.quick = quick
        self.deepthink = deepthink
        self.texts = texts
        self.judge = judge
        self.stepMilliseconds = stepMilliseconds
    }

    /// Goes on with `assignment` where it stands and returns how it ended.
    /// - Parameter bound: cuts off whatever runs when it is over, a step or the judge.
    /// - Throws: only what `recorder` throws: then nothing more may be done for the job.
    package func run(
        _ assignment: Assignment, recorder: any EpisodeRecorder, bound: TimeBound? = nil
    ) async throws -> EpisodeResult {
        let result = try await runSteps(assignment, recorder: recorder, bound: bound)
        if case .cancelled = result, let bound, bound.isOver(), !Task.isCancelled { return .timedOut }
        return result
    }

    private func runSteps(
        _ assignment: Assignment, recorder: any EpisodeRecorder, bound: TimeBound?
    ) async throws -> EpisodeResult {
        var progress = EpisodeProgress(assignment)
        let limits = StepLimits(tokens: assignment.settings.stepTokens, timeMilliseconds: stepMilliseconds)
        while !progress.isComplete {
            if let bound, bound.isOver() { return .cancelled }
            let index = progress.steps.count
            var writer = EngineRole.encoder
            do {
                let seen = progress
                let text = try await bound.generating { () async throws(GenerationError) in
                    try await read(seen, assignment)
                }
                // DEEPTHINK's prompt is counted first: its worst case must be known before anything is chosen.
                writer = .deepthink
                let answer = progress.text
                let costly = try await bound.generating { () async throws(GenerationError) in
                    try await deepthink.prepare(assignment, answer: answer)
                }
                let worstCase = limits.worstCase(for: costly)
                let beginning = try await recorder.begin(
                    stepAt: index, worstCase: worstCase,
                    choose: choice(at: progress, text: text, in: assignment, worstCase: worstCase))
                let decision: Decision
                switch beginning {
                case .hold(let reason, let budget): return .held(reason, budget)
                case .wait(let reason): return .waits(reason)
                case .fail(let reason, let budget): return .refused(reason, budget)
                case .superseded: return .cancelled
                case .write(let made): decision = made
                }
                let role = decision.role
                writer = EngineRole(role)
                let generated = try await abandoningOnFailure(stepAt: index, role: role, recorder) {
                    () async throws(GenerationError) in
                    try await bound.generating { () async throws(GenerationError) in
                        switch decision.role {
                        case .deepthink: return try await deepthink.generate(costly, limits, seed: decision.seed)
                        case .quick:
                            let prompt = try await quick.prepare(assignment, answer: answer)
                            return try await quick.generate(prompt, limits, seed: decision.seed)
                        }
                    }
                }
                try await recorder.finish(stepAt: index, role: role, generated: generated)
                progress.append(WrittenStep(index: index, role: role, generated: generated))
            } catch let error as GenerationError {
                switch error {
                case .cancelled: return .cancelled
                // What is written is an answer, cut short; a first prompt that does not fit is the job's fault.
                case .promptTooLong where index > 0: progress.endAtContextLimit()
                default: return .interrupted(writer, error)
                }
            }
        }
        guard let bound else { return await judged(progress, assignment) }
        let written = progress
        return await bound.run { await judged(written, assignment) }
    }

    /// Generates one begun step; where that fails the step is given up before the error goes on.
    private func abandoningOnFailure(
        stepAt index: Int, role: Role, _ recorder: any EpisodeRecorder,
        _ generate: () async throws(GenerationError) -> Generated
    ) async throws -> Generated {
        do throws(GenerationError) {
            return try await generate()
        } catch {
            try await recorder.abandon(stepAt: index, role: role, because: error)
            throw error
        }
    }

    /// What the encoder makes of the texts so far.
    private func read(_ progress: EpisodeProgress, _ assignment: Assignment) async throws(GenerationError) -> [Float] {
        guard await texts.encoder.identity == assignment.encoder.identity else {
            throw .unavailable(role: .encoder, reason: "it has become another model; the job goes on with that one")
        }
        return try await texts.text(of: progress.state())
    }

    /// The Switcher's choice as a function of the budget alone: everything else is known before the transaction begins.
    private func choice(
        at progress: EpisodeProgress, text: [Float], in assignment: Assignment, worstCase: Spend
    ) -> @Sendable (BudgetDay, MaskReason?) -> StepChoice {
        let seed = decisionSeed(job: assignment.job, episode: assignment.episode, step: progress.steps.count)
        return { budget, mask in
            let state = progress.state(budget: budget, dayFraction: assignment.dayFraction)
            let features = assignment.encoder.encode(state, text: text)
            let queue = assignment.settings
            if let mask, queue.onBudget != .quick,
                wantsDeepthink(
                    features: features, state: state, settings: queue.switcher, policy: assignment.policy, seed: seed)
            {
                var settled = budget
                settled.reserved = .zero
                if settled.mask(for: worstCase) == nil { return .wait(mask) }
                return queue.onBudget == .hold ? .hold(mask) : .fail(mask)
            }
            let decision = decide(
                features: features, state: state, settings: queue.switcher, policy: assignment.policy, mask: mask,
                explorationAllowed: budget.allowsExploration(share: queue.switcher.explorationShare), seed: seed)
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
