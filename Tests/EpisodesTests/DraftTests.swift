import Domain
import Episodes
import Generation
import Switching
import Synchronization
import Testing

/// Where a queue observes the draft, QUICK writes first and the Switcher decides with that in hand.
@Suite struct Drafting {
    private static func assignment(
        _ switcher: SwitcherSettings, onBudget: OnBudget = .quick, written: [WrittenStep] = []
    ) -> Assignment {
        var switcher = switcher
        switcher.explorationRate = 0
        let settings = QueueSettings(
            onBudget: onBudget, observe: .draft, switcher: switcher, maxSteps: 4, stepTokens: 32)
        return Assignment(
            job: JobID(1), episode: 1,
            specification: JobSpecification(
                messages: [Message(role: "user", content: "2 + 2?")], verifier: .numeric(answer: 4, tolerance: 0)),
            settings: settings, written: written, policy: nil, encoder: HashedEncoder(), dayFraction: 0.5)
    }

    private static func runner(_ quick: any LanguageModel, _ deepthink: any LanguageModel) -> EpisodeRunner {
        EpisodeRunner(
            quick: RoleModel(model: quick, instructions: nil, temperature: 0),
            deepthink: RoleModel(model: deepthink, instructions: nil, temperature: 0), texts: HashedTexts(),
            judge: Judge(commands: []), stepMilliseconds: 1000)
    }

    private static func answer(_ result: EpisodeResult) -> String? {
        if case .ended(let outcome) = result { outcome.answer } else { nil }
    }

    /// DEEPTHINK where the draft's mean log-probability is below -0.5.
    private static let threshold = SwitcherSettings(kind: .threshold, parameter: -0.5)

    private static func drafts(_ text: String, _ mean: Double) -> Result<Generated, GenerationError> {
        .success(
            Generated(
                text: text, stopReason: .paragraph, generatedTokens: 3,
                logProbabilities: LogProbabilities(minimum: mean, lowerQuartile: mean, median: mean, mean: mean)))
    }

    @Test func `a sure draft becomes the step, and nothing is generated twice`() async throws {
        let quick = ScriptedModel([Self.drafts("Two and two.\n\n", -0.25), writes("It is 4.", .endOfTurn)])
        let deepthink = ScriptedModel([writes("4", .endOfTurn)])
        let recorder = MemoryRecorder()
        let result = try await Self.runner(quick, deepthink).run(Self.assignment(Self.threshold), recorder: recorder)
        // The second draft is less sure than the threshold.
        #expect(Self.answer(result) == "Two and two.\n\n4")
        let state = recorder.state.withLock { $0 }
        #expect(state.draftCount == 2)
        #expect(state.finished.map(\.role) == [.quick, .deepthink])
        #expect(state.replaced.map(\.text) == ["It is 4."])
        #expect(quick.transcripts.count == 2)
    }

    @Test func `DEEPTHINK replaces a draft without having read it`() async throws {
        let quick = ScriptedModel([Self.drafts("It is 5.", -2)])
        let deepthink = ScriptedModel([writes("It is 4.", .endOfTurn)])
        let recorder = MemoryRecorder()
        let result = try await Self.runner(quick, deepthink).run(Self.assignment(Self.threshold), recorder: recorder)
        #expect(Self.answer(result) == "It is 4.")
        #expect(deepthink.transcripts.map(\.answer) == [""])
    }

    /// The same words and the same end: white space alone is no difference, and no draft is nothing to confirm.
    @Test func `whether DEEPTHINK wrote what was drafted is recorded`() async throws {
        for (draft, text, stop, expected) in [
            ("It is 4.", "It  is 4.\n", StopReason.paragraph, true), ("It is 4.", "It is 5.", .paragraph, false),
            ("It is 4.", "It is 4.", .length, false),
        ] {
            let quick = ScriptedModel([Self.drafts(draft, -2), writes("end", .endOfTurn)])
            let deepthink = ScriptedModel([writes(text, stop)])
            let recorder = MemoryRecorder()
            _ = try await Self.runner(quick, deepthink).run(Self.assignment(Self.threshold), recorder: recorder)
            #expect(recorder.state.withLock { $0.confirmations.first } == expected, "'\(text)' after '\(draft)'")
        }
    }

    /// The next state must not know of what was replaced: it is no part of the transcript.
    @Test func `after a replaced draft both models go on from DEEPTHINK's step`() async throws {
        let quick = ScriptedModel([Self.drafts("a\n\n", -2), Self.drafts("b\n\n", -0.25), writes("4", .endOfTurn)])
        let deepthink = ScriptedModel([writes("A\n\n"), writes("4", .endOfTurn)])
        let result = try await Self.runner(quick, deepthink).run(
            Self.assignment(Self.threshold), recorder: MemoryRecorder())
        #expect(Self.answer(result) == "A\n\nb\n\n4")
        #expect(quick.transcripts.map(\.answer) == ["", "A\n\n", "A\n\nb\n\n"])
    }

    @Test func `a spent budget lets the draft stand, with the reason recorded`() async throws {
        for (recorder, reason) in [
            (MemoryRecorder(calls: 0), MaskReason.calls), (MemoryRecorder(jobCalls: 0), .jobCalls),
        ] {
            let quick = ScriptedModel([writes("4", .endOfTurn)])
            let result = try await Self.runner(quick, ScriptedModel([])).run(
                Self.assignment(SwitcherSettings(kind: .alwaysDeepthink)), recorder: recorder)
            #expect(Self.answer(result) == "4")
            #expect(recorder.state.withLock { $0.decisions.map(\.maskReason) } == [reason])
        }
    }

    /// The recorder books the draft; the job waits without a step.
    @Test func `a held queue holds with the draft in hand`() async throws {
        let quick = ScriptedModel([writes("4", .endOfTurn)])
        let result = try await Self.runner(quick, ScriptedModel([])).run(
            Self.assignment(SwitcherSettings(kind: .alwaysDeepthink), onBudget: .hold),
            recorder: MemoryRecorder(calls: 0))
        guard case .held(.calls, _) = result else { return #expect(Bool(false), "\(result)") }
    }

    @Test func `a server that dies while drafting leaves no step and a job that may go on`() async throws {
        let death = GenerationError.serverDied(role: .quick, reason: "killed", partial: nil)
        let recorder = MemoryRecorder()
        let result = try await Self.runner(ScriptedModel([.failure(death)]), ScriptedModel([])).run(
            Self.assignment(Self.threshold), recorder: recorder)
        guard case .interrupted(.quick, death) = result else { return #expect(Bool(false), "\(result)") }
        #expect(recorder.state.withLock { $0.dropped.isEmpty })
        #expect(recorder.state.withLock { $0.decisions.isEmpty && $0.abandoned.isEmpty })
    }

    @Test func `a server that dies after its draft was replaced leaves an abandoned step`() async throws {
        let death = GenerationError.serverDied(role: .deepthink, reason: "killed", partial: nil)
        let recorder = MemoryRecorder()
        let result = try await Self.runner(ScriptedModel([Self.drafts("5", -2)]), ScriptedModel([.failure(death)])).run(
            Self.assignment(Self.threshold), recorder: recorder)
        guard case .interrupted(.deepthink, death) = result else { return #expect(Bool(false), "\(result)") }
        #expect(recorder.state.withLock { $0.abandoned } == [death])
        #expect(recorder.state.withLock { $0.dropped.isEmpty })
    }

    @Test(.timeLimit(.minutes(5))) func `a draft that runs when the time is over is cut off and dropped`() async throws
    {
        let endless = EndlessModel()
        let recorder = MemoryRecorder()
        let bound = TimeBound(
            wait: { while !Task.isCancelled, !endless.hasBegun { await Task.yield() } }, isOver: { endless.hasBegun })
        let result = try await Self.runner(endless, ScriptedModel([])).run(
            Self.assignment(Self.threshold), recorder: recorder, bound: bound)
        guard case .timedOut = result else { return #expect(Bool(false), "\(result)") }
        #expect(recorder.state.withLock { $0.dropped } == [EndlessModel.partial])
        #expect(recorder.state.withLock { $0.decisions.isEmpty })
    }

    @Test func `a daemon that goes down begins no draft`() async throws {
        let recorder = MemoryRecorder()
        recorder.state.withLock { $0.takesDrafts = false }
        let quick = ScriptedModel([writes("4", .endOfTurn)])
        let result = try await Self.runner(quick, ScriptedModel([])).run(
            Self.assignment(Self.threshold), recorder: recorder)
        guard case .cancelled = result else { return #expect(Bool(false), "\(result)") }
        #expect(quick.transcripts.isEmpty)
    }

    @Test func `a draft that the context does not take cuts the answer`() async throws {
        let tooLong = GenerationError.promptTooLong(role: .quick, tokens: 5000, context: 4096)
        let quick = ScriptedModel([Self.drafts("4\n\n", -0.25), .failure(tooLong)])
        let result = try await Self.runner(quick, ScriptedModel([])).run(
            Self.assignment(Self.threshold), recorder: MemoryRecorder())
        guard case .ended(let outcome) = result else { return #expect(Bool(false), "\(result)") }
        #expect(outcome == Outcome(answer: "4\n\n", end: .contextLimit, reward: 1))
    }
}

/// LONDI-B: a job's own calls are in the state, and at z = 0 there is no DEEPTHINK.
@Suite struct JobBudgets {
    @Test func `a job makes its calls and goes on with QUICK`() async throws {
        let settings = QueueSettings(
            // Nothing would come of waiting, so nobody waits.
            onBudget: .hold, switcher: SwitcherSettings(kind: .alwaysDeepthink), maxSteps: 4, stepTokens: 32)
        let assignment = Assignment(
            job: JobID(1), episode: 1,
            specification: JobSpecification(messages: [Message(role: "user", content: "?")]), settings: settings,
            written: [], policy: nil, encoder: HashedEncoder(), dayFraction: 0)
        let recorder = MemoryRecorder(jobCalls: 2)
        let runner = EpisodeRunner(
            quick: RoleModel(
                model: ScriptedModel([writes("c\n\n"), writes("d\n\n")]), instructions: nil, temperature: 0),
            deepthink: RoleModel(
                model: ScriptedModel([writes("a\n\n"), writes("b\n\n")]), instructions: nil, temperature: 0),
            texts: HashedTexts(), judge: Judge(commands: []), stepMilliseconds: 1000)
        guard case .ended(let outcome) = try await runner.run(assignment, recorder: recorder) else {
            return #expect(Bool(false))
        }
        #expect(outcome.answer == "a\n\nb\n\nc\n\nd\n\n")
        let state = recorder.state.withLock { $0 }
        #expect(state.decisions.map(\.role) == [.deepthink, .deepthink, .quick, .quick])
        #expect(state.decisions.map(\.maskReason) == [nil, nil, .jobCalls, .jobCalls])
        let left = HashedEncoder.denseNames.firstIndex(of: "job's calls left") ?? 0
        #expect(state.features.map { $0[left] } == [1, 0.5, 0, 0])
    }
}
