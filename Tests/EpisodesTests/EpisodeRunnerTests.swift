import Domain
import Episodes
import Generation
import Switching
import Synchronization
import Testing

/// The step loop: who writes, on what, until when, and what is recorded around it.
@Suite struct EpisodeRunning {
    private static func assignment(
        _ kind: SwitcherKind = .alwaysQuick, onBudget: OnBudget = .quick, maxSteps: Int = 6, marker: String? = nil,
        verifier: Verifier? = .numeric(answer: 4, tolerance: 0), written: [WrittenStep] = []
    ) -> Assignment {
        var settings = QueueSettings(onBudget: onBudget, maxSteps: maxSteps, stepTokens: 32)
        settings.switcher = SwitcherSettings(kind: kind, explorationRate: 0)
        return Assignment(
            job: JobID(1), episode: 1,
            specification: JobSpecification(
                messages: [Message(role: "user", content: "2 + 2?")], verifier: verifier, answerMarker: marker),
            settings: settings, written: written, policy: nil, encoder: HashedEncoder(), dayFraction: 0.5)
    }

    private static func runner(_ quick: ScriptedModel, _ deepthink: ScriptedModel) -> EpisodeRunner {
        EpisodeRunner(
            quick: RoleModel(model: quick, instructions: "be short", temperature: 0),
            deepthink: RoleModel(model: deepthink, instructions: "think", temperature: 0), texts: HashedTexts(),
            judge: Judge(commands: []), stepMilliseconds: 1000)
    }

    private static func outcome(_ result: EpisodeResult) -> Outcome? {
        if case .ended(let outcome) = result { outcome } else { nil }
    }

    @Test func `an answer is the steps joined, ended by the model's turn and judged`() async throws {
        let quick = ScriptedModel([writes("Two and two.\n\n"), writes("It is 4.", .endOfTurn)])
        let recorder = MemoryRecorder()
        let result = try await Self.runner(quick, ScriptedModel([])).run(Self.assignment(), recorder: recorder)
        #expect(Self.outcome(result) == Outcome(answer: "Two and two.\n\nIt is 4.", end: .answered, reward: 1))
        #expect(recorder.state.withLock { $0.finished.map(\.index) } == [0, 1])
        #expect(quick.transcripts.map(\.answer) == ["", "Two and two.\n\n"])
        #expect(quick.transcripts[0].messages.first == Message(role: "system", content: "be short"))
    }

    @Test func `the step limit ends the episode as a truncation`() async throws {
        let quick = ScriptedModel([writes("a\n\n"), writes("b\n\n"), writes("c\n\n")])
        let result = try await Self.runner(quick, ScriptedModel([])).run(
            Self.assignment(maxSteps: 2), recorder: MemoryRecorder())
        #expect(Self.outcome(result) == Outcome(answer: "a\n\nb\n\n", end: .stepLimit, reward: 0))
    }

    @Test func `a complete line with the answer marker ends the episode`() async throws {
        let quick = ScriptedModel([writes("Answer: 4\n\n"), writes("and so on\n\n")])
        let result = try await Self.runner(quick, ScriptedModel([])).run(
            Self.assignment(marker: "Answer:"), recorder: MemoryRecorder())
        #expect(Self.outcome(result) == Outcome(answer: "Answer: 4\n\n", end: .answered, reward: 1))
    }

    @Test func `steps written before a crash are not written again`() async throws {
        let earlier = WrittenStep(
            index: 0, role: .deepthink, generated: Generated(text: "x\n\n", stopReason: .paragraph))
        let quick = ScriptedModel([writes("4", .endOfTurn)])
        let recorder = MemoryRecorder()
        let result = try await Self.runner(quick, ScriptedModel([])).run(
            Self.assignment(written: [earlier]), recorder: recorder)
        #expect(Self.outcome(result)?.answer == "x\n\n4")
        #expect(recorder.state.withLock { $0.finished.map(\.index) } == [1])
    }

    /// Only judging was left when the crash came.
    @Test func `a complete transcript is judged without another step`() async throws {
        let earlier = WrittenStep(index: 0, role: .quick, generated: Generated(text: "4", stopReason: .endOfTurn))
        let recorder = MemoryRecorder()
        let result = try await Self.runner(ScriptedModel([]), ScriptedModel([])).run(
            Self.assignment(written: [earlier]), recorder: recorder)
        #expect(Self.outcome(result)?.reward == 1)
        #expect(recorder.state.withLock { $0.decisions.isEmpty })
    }

    @Test func `a spent budget leaves QUICK, with the reason recorded`() async throws {
        let quick = ScriptedModel([writes("b\n\n"), writes("4", .endOfTurn)])
        let deepthink = ScriptedModel([writes("a\n\n")])
        let recorder = MemoryRecorder(calls: 1)
        _ = try await Self.runner(quick, deepthink).run(Self.assignment(.alwaysDeepthink), recorder: recorder)
        let decisions = recorder.state.withLock { $0.decisions }
        #expect(decisions.map(\.role) == [.deepthink, .quick, .quick])
        #expect(decisions.map(\.maskReason) == [nil, .calls, .calls])
    }

    @Test func `hold and fail stop at the first step that the budget cannot cover`() async throws {
        for (onBudget, expected) in [(OnBudget.hold, "held"), (.fail, "refused")] {
            let recorder = MemoryRecorder(calls: 0)
            let result = try await Self.runner(ScriptedModel([]), ScriptedModel([])).run(
                Self.assignment(.alwaysDeepthink, onBudget: onBudget), recorder: recorder)
            switch result {
            case .held(.calls, _): #expect(expected == "held")
            case .refused(.calls, _): #expect(expected == "refused")
            default: Issue.record("\(result)")
            }
            #expect(recorder.state.withLock { $0.decisions.isEmpty })
        }
    }

    /// A reservation is the worst case of a step that runs: nobody may fail, or sleep until tomorrow, because of it.
    @Test(arguments: [OnBudget.hold, .fail]) func `a budget that is only reserved makes a job wait a moment`(
        onBudget: OnBudget
    ) async throws {
        let recorder = MemoryRecorder(calls: 1)
        recorder.state.withLock { $0.budget.reserved.calls = 1 }
        let result = try await Self.runner(ScriptedModel([]), ScriptedModel([])).run(
            Self.assignment(.alwaysDeepthink, onBudget: onBudget), recorder: recorder)
        guard case .waits(.calls) = result else { return #expect(Bool(false), "\(result)") }
    }

    /// No job waits for a model that it does not want.
    @Test func `a held queue lets QUICK's own steps go on`() async throws {
        let quick = ScriptedModel([writes("4", .endOfTurn)])
        let result = try await Self.runner(quick, ScriptedModel([])).run(
            Self.assignment(.alwaysQuick, onBudget: .hold), recorder: MemoryRecorder(calls: 0))
        #expect(Self.outcome(result)?.reward == 1)
    }

    @Test func `the worst case covers DEEPTHINK's prompt, the step's tokens and its time`() async throws {
        let recorder = MemoryRecorder()
        let quick = ScriptedModel([writes("4", .endOfTurn)])
        _ = try await Self.runner(quick, ScriptedModel([], promptTokens: 100)).run(
            Self.assignment(), recorder: recorder)
        #expect(recorder.state.withLock { $0.worstCases } == [Spend(calls: 1, tokens: 132, gpuMilliseconds: 1000)])
    }

    @Test func `a server that dies leaves an abandoned step and a job that may go on`() async throws {
        let death = GenerationError.serverDied(role: .quick, reason: "killed", partial: nil)
        let recorder = MemoryRecorder()
        let result = try await Self.runner(ScriptedModel([.failure(death)]), ScriptedModel([])).run(
            Self.assignment(), recorder: recorder)
        guard case .interrupted(.quick, let error) = result else { return #expect(Bool(false), "\(result)") }
        #expect(error.isPassing)
        #expect(recorder.state.withLock { $0.abandoned } == [death])
        #expect(recorder.state.withLock { $0.finished.isEmpty })
    }

    @Test func `a full context cuts the answer, and a first prompt that does not fit is the job's fault`() async throws
    {
        let tooLong = GenerationError.promptTooLong(role: .quick, tokens: 5000, context: 4096)
        let cut = try await Self.runner(ScriptedModel([writes("4\n\n"), .failure(tooLong)]), ScriptedModel([])).run(
            Self.assignment(), recorder: MemoryRecorder())
        #expect(Self.outcome(cut) == Outcome(answer: "4\n\n", end: .contextLimit, reward: 1))
        let refused = try await Self.runner(ScriptedModel([.failure(tooLong)]), ScriptedModel([])).run(
            Self.assignment(), recorder: MemoryRecorder())
        guard case .interrupted(.quick, tooLong) = refused else { return #expect(Bool(false), "\(refused)") }
        #expect(!tooLong.isPassing)
    }

    @Test func `a job that is no longer ours writes nothing more`() async throws {
        let recorder = MemoryRecorder()
        recorder.state.withLock { $0.supersededAfter = 1 }
        let quick = ScriptedModel([writes("a\n\n"), writes("b\n\n")])
        let result = try await Self.runner(quick, ScriptedModel([])).run(Self.assignment(), recorder: recorder)
        guard case .cancelled = result else { return #expect(Bool(false), "\(result)") }
        #expect(recorder.state.withLock { $0.finished.count } == 1)
    }

    @Test func `a verifier that fails keeps the answer`() async throws {
        let quick = ScriptedModel([writes("4", .endOfTurn)])
        let result = try await Self.runner(quick, ScriptedModel([])).run(
            Self.assignment(verifier: .command(name: "gone", arguments: .null)), recorder: MemoryRecorder())
        guard case .unjudged(let outcome, .unknownCommand(name: "gone", known: [])) = result else {
            return #expect(Bool(false), "\(result)")
        }
        #expect(outcome.answer == "4")
    }

    /// A model that thinks for ever must not outlive its job's time, and what it took until then is booked.
    @Test(.timeLimit(.minutes(5))) func `the step that runs when the time is over is cut off and given up`()
        async throws
    {
        let endless = EndlessModel()
        let recorder = MemoryRecorder()
        let bound = TimeBound(
            wait: { while !Task.isCancelled, !endless.hasBegun { await Task.yield() } }, isOver: { endless.hasBegun })
        let runner = EpisodeRunner(
            quick: RoleModel(model: endless, instructions: nil, temperature: 0),
            deepthink: RoleModel(model: ScriptedModel([]), instructions: nil, temperature: 0), texts: HashedTexts(),
            judge: Judge(commands: []), stepMilliseconds: 1000)
        let result = try await runner.run(Self.assignment(), recorder: recorder, bound: bound)
        guard case .timedOut = result else {
            Issue.record("\(result)")
            return
        }
        #expect(recorder.state.withLock { $0.abandoned } == [.cancelled(partial: EndlessModel.partial)])
    }

    @Test func `no step begins once the time is over`() async throws {
        let recorder = MemoryRecorder()
        let bound = TimeBound(wait: {}, isOver: { true })
        let result = try await Self.runner(ScriptedModel([writes("a\n\n")]), ScriptedModel([])).run(
            Self.assignment(), recorder: recorder, bound: bound)
        guard case .timedOut = result else {
            Issue.record("\(result)")
            return
        }
        #expect(recorder.state.withLock { $0.decisions.isEmpty })
    }
}

/// Verifier commands are other people's programs: whatever they do, the daemon gets a reward or a clear complaint.
@Suite struct VerifierCommands {
    private static func reward(_ script: String, milliseconds: Int = 10_000) async throws -> Double? {
        let command = VerifierCommand(
            name: "v", path: "/bin/sh", arguments: ["-c", script], timeLimitMilliseconds: milliseconds,
            memoryLimitBytes: 1 << 30, confinement: nil)
        let specification = JobSpecification(
            messages: [Message(role: "user", content: "?")], verifier: .command(name: "v", arguments: .integer(7)))
        return try await Judge(commands: [command]).reward(for: "the answer", of: specification, job: JobID(5))
    }

    @Test(.timeLimit(.minutes(5))) func `the last line is the reward`() async throws {
        #expect(try await Self.reward("echo chatter; echo 0.25") == 0.25)
    }

    @Test(.timeLimit(.minutes(5))) func `it gets the job, the answer and its arguments as JSON`() async throws {
        let script = #"grep -q '"answer":"the answer","arguments":7,.*"job":5' && echo 1 || echo 0"#
        #expect(try await Self.reward(script) == 1)
    }

    @Test(
        .timeLimit(.minutes(5)),
        arguments: [
            ("exit 3", "exit status 3"), ("echo nonsense", "nonsense"), ("true", "not a number"),
            ("sleep 60", "longer than"),
            ("yes", "more than"), ("echo broken >&2; exit 1", "broken"), ("echo inf", "not a number"),
        ])
    func `what gives no reward is a complaint that names the cause`(script: String, cause: String) async {
        do {
            let reward = try await Self.reward(script, milliseconds: script == "sleep 60" ? 200 : 10_000)
            Issue.record("\(String(describing: reward))")
        } catch {
            #expect("\(error)".contains(cause), "\(error)")
        }
    }
}
