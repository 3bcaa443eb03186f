import Domain
import Environments
import Episodes
import Generation
import Switching
import Synchronization
import Testing

/// Jobs whose models act: what they are shown, what they may answer, and how an episode goes on after a crash. The
/// environment is the corridor of EnvironmentsTests, whose goal is the cell 1 + seed % 9.
@Suite(.timeLimit(.minutes(5))) struct Acting {
    private static let pool = {
        let tests = #filePath.split(separator: "/").dropLast(2).joined(separator: "/")
        func corridor(_ name: String, _ faults: String..., usesOracle: Bool = false) -> EnvironmentConfiguration {
            EnvironmentConfiguration(
                name: name, path: "/usr/bin/python3",
                arguments: ["-I", "/\(tests)/EnvironmentsTests/scripted.py"] + faults, memoryBytes: 1 << 30,
                usesOracle: usesOracle)
        }
        return EnvironmentPool(
            [
                corridor("corridor"), corridor("advised", usesOracle: true),
                corridor("unadvised", "no-advice", usesOracle: true),
                corridor("oracle-dies", "oracle-dies", usesOracle: true),
            ], limit: 2)
    }()

    private func assignment(
        seed: Int64? = 2, options: [String: String] = [:], maxSteps: Int = 6, observe: Observe = .state,
        opening: Opening? = nil, written: [WrittenStep] = [], environment: String = "corridor",
        kind: SwitcherKind = .alwaysQuick
    ) -> Assignment {
        var settings = QueueSettings(observe: observe, maxSteps: maxSteps, stepTokens: 32)
        settings.switcher = SwitcherSettings(kind: kind, explorationRate: 0)
        return Assignment(
            job: JobID(1), episode: 1,
            specification: JobSpecification(
                messages: [],
                environment: EnvironmentRequest(name: environment, seed: seed, options: options)),
            settings: settings, opening: opening, written: written, policy: nil, encoder: HashedEncoder(),
            dayFraction: 0.5)
    }

    private func run(
        _ quick: ScriptedModel, _ assignment: Assignment, _ recorder: MemoryRecorder, thinks: Bool = false,
        deepthink: ScriptedModel = ScriptedModel([]), times: StepTimes = StepTimes()
    ) async throws -> EpisodeResult {
        let runner = EpisodeRunner(
            quick: RoleModel(model: quick, instructions: nil, temperature: 0, thinks: thinks),
            deepthink: RoleModel(model: deepthink, instructions: nil, temperature: 0), texts: HashedTexts(),
            judge: Judge(commands: []), environments: Self.pool, times: times, stepMilliseconds: 1000)
        return try await runner.run(assignment, recorder: recorder)
    }

    private func outcome(_ result: EpisodeResult) throws -> Outcome {
        guard case .ended(let outcome) = result else {
            Issue.record("\(result)")
            throw EnvironmentError.cancelled
        }
        return outcome
    }

    private func right(_ count: Int) -> ScriptedModel {
        ScriptedModel(Array(repeating: writes("right", .endOfTurn), count: count))
    }

    private let opening = Opening(goal: "go to cell 3", observation: "You are in cell 0 of 10.", maxSteps: 20)

    private func step(_ index: Int, cell: Int?) -> WrittenStep {
        WrittenStep(
            index: index, role: .quick, generated: Generated(text: "right", stopReason: .endOfTurn),
            observation: cell.map { Observation(text: "You are in cell \($0) of 10.") })
    }

    @Test func `each step is an action, and the environment judges the episode`() async throws {
        let recorder = MemoryRecorder()
        let outcome = try outcome(try await run(right(3), assignment(), recorder))
        #expect(outcome == Outcome(answer: "right\nright\nright", end: .answered, reward: 1, success: true))
        let state = recorder.state.withLock { $0 }
        #expect(state.opening == opening)
        #expect(state.finished.compactMap(\.observation?.reward) == [0, 0, 1])
        #expect(state.finished.map(\.observation?.end) == [nil, nil, .terminated])
    }

    @Test func `what steps wait for is counted by part`() async throws {
        let (times, began) = (StepTimes(), ContinuousClock.now)
        _ = try await run(right(3), assignment(), MemoryRecorder(), times: times)
        let whole = ContinuousClock.now - began
        let waited: [StepWait] = [.prompt, .quick, .encoder, .environment, .books]
        #expect(StepWait.allCases.filter { times.time(of: $0) > .zero } == waited)
        #expect(StepWait.allCases.reduce(.zero) { $0 + times.time(of: $1) } <= whole)
        let oracle = StepTimes()
        let advised = assignment(environment: "advised", kind: .alwaysDeepthink)
        _ = try await run(right(3), advised, MemoryRecorder(), times: oracle)
        #expect(oracle.time(of: .deepthink) > .zero && oracle.time(of: .quick) == .zero)
    }

    @Test func `a model is shown the goal, the actions, and what was last seen and done`() async throws {
        let quick = right(4)
        _ = try await run(quick, assignment(seed: 8, maxSteps: 4), MemoryRecorder())
        let last = try #require(quick.transcripts.last)
        #expect(last.answer == "")
        #expect(
            last.messages.map(\.content) == [
                """
                Possible actions of the agent: left, right
                Goal of the agent: go to cell 9
                Observation 0: You are in cell 1 of 10.
                Action 0: right
                Observation 1: You are in cell 2 of 10.
                Action 1: right
                Observation 2: You are in cell 3 of 10.
                Action 2:
                """
            ])
        #expect(quick.grammars.last == "root ::= \"left\" | \"right\"\n")
    }

    @Test func `a step limit truncates the episode, ours as the environment's`() async throws {
        for (maxSteps, options) in [(2, [:]), (6, ["limit": "2"])] {
            let outcome = try outcome(
                try await run(right(6), assignment(seed: 8, options: options, maxSteps: maxSteps), MemoryRecorder()))
            #expect(outcome == Outcome(answer: "right\nright", end: .stepLimit, reward: 0, success: false))
        }
    }

    @Test func `an action that is not known costs a step and nothing else`() async throws {
        let quick = ScriptedModel([writes("fly", .length)] + Array(repeating: writes("right", .endOfTurn), count: 3))
        let recorder = MemoryRecorder()
        let outcome = try outcome(try await run(quick, assignment(), recorder))
        #expect(outcome.success == true)
        #expect(
            recorder.state.withLock { $0.finished.first?.observation }
                == Observation(text: "there is no action 'fly'"))
    }

    @Test func `who thinks first acts by what stands behind the marker`() async throws {
        let quick = ScriptedModel(
            Array(repeating: writes("The cell is to the right.\nAction: right", .endOfTurn), count: 3))
        let outcome = try outcome(try await run(quick, assignment(), MemoryRecorder(), thinks: true))
        #expect(outcome.success == true)
        #expect(quick.grammars.first??.contains("root ::= line* \"Action: \" action") == true)
    }

    @Test func `a draft that stands is the action`() async throws {
        let recorder = MemoryRecorder()
        let outcome = try outcome(try await run(right(3), assignment(observe: .draft), recorder))
        #expect(outcome.success == true)
        #expect(recorder.state.withLock { $0.draftCount } == 3)
    }

    @Test(arguments: [(action: "right", isConfirmed: true), ("left", false)])
    func `DEEPTHINK confirms a draft by the same action, whatever it thought`(
        action: String, isConfirmed: Bool
    ) async throws {
        let recorder = MemoryRecorder()
        let deepthink = ScriptedModel(
            Array(repeating: writes("The cell is to the right.\nAction: \(action)", .endOfTurn), count: 3))
        _ = try await run(
            right(3), assignment(maxSteps: 3, observe: .draft, kind: .alwaysDeepthink), recorder,
            deepthink: deepthink)
        #expect(recorder.state.withLock { $0.confirmations } == [isConfirmed, isConfirmed, isConfirmed])
    }

    /// After `kill -9` no model is asked again for what is recorded.
    @Test func `recorded actions are done again, and the one without an answer for the first time`() async throws {
        let quick = right(1)
        let recorder = MemoryRecorder()
        let written = [step(0, cell: 1), step(1, cell: nil)]
        recorder.state.withLock { $0.finished = written }
        let result = try await run(quick, assignment(opening: opening, written: written), recorder)
        #expect(try outcome(result).answer == "right\nright\nright")
        #expect(quick.transcripts.count == 1)
        #expect(
            recorder.state.withLock { $0.finished.map(\.observation?.text) }
                == ["You are in cell 1 of 10.", "You are in cell 2 of 10.", "You are in cell 3 of 10."])
    }

    @Test func `a crash after the last action needs no model at all`() async throws {
        let quick = ScriptedModel([])
        let written = [step(0, cell: 1), step(1, cell: 2), step(2, cell: nil)]
        let result = try await run(quick, assignment(opening: opening, written: written), MemoryRecorder())
        #expect(try outcome(result).success == true)
    }

    @Test func `an environment that does not repeat itself fails the job`() async throws {
        let other = Opening(goal: "go to cell 4", observation: opening.observation, maxSteps: 20)
        for assignment in [
            assignment(opening: other), assignment(opening: opening, written: [step(0, cell: 5)]),
        ] {
            let result = try await run(right(1), assignment, MemoryRecorder())
            guard case .environmentFailed(.diverged) = result else {
                Issue.record("\(result)")
                continue
            }
        }
    }

    @Test func `a fault of the environment ends the attempt, and the step stays`() async throws {
        let recorder = MemoryRecorder()
        let result = try await run(right(3), assignment(options: ["fault": "die"]), recorder)
        guard case .environmentFailed(let error) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(error.isPassing)
        #expect(recorder.state.withLock { $0.finished.map { $0.observation == nil } } == [false, true])
    }

    @Test func `a name that londid conf no longer has is told`() async throws {
        let result = try await run(right(1), assignment(environment: "maze"), MemoryRecorder())
        let names = ["advised", "corridor", "oracle-dies", "unadvised"]
        guard case .environmentFailed(.unknown("maze", names)) = result else {
            Issue.record("\(result)")
            return
        }
    }

    @Test func `an environment's oracle takes DEEPTHINK's steps, which are calls of no tokens`() async throws {
        let recorder = MemoryRecorder()
        let assignment = assignment(environment: "advised", kind: .alwaysDeepthink)
        let outcome = try outcome(try await run(ScriptedModel([]), assignment, recorder))
        #expect(outcome.answer == "right\nright\nright" && outcome.success == true)
        let state = recorder.state.withLock { $0 }
        #expect(state.finished.map(\.role) == [.deepthink, .deepthink, .deepthink])
        #expect(state.finished.map(\.generated.spend) == Array(repeating: Spend(calls: 1), count: 3))
    }

    @Test func `QUICK's steps are its own beside an oracle`() async throws {
        let quick = ScriptedModel(Array(repeating: writes("left", .endOfTurn), count: 2))
        _ = try await run(quick, assignment(maxSteps: 2, environment: "advised"), MemoryRecorder())
        #expect(quick.transcripts.count == 2)
    }

    @Test func `DEEPTHINK's model writes where the oracle knows nothing`() async throws {
        let deepthink = right(3)
        let outcome = try outcome(
            try await run(
                ScriptedModel([]), assignment(environment: "unadvised", kind: .alwaysDeepthink), MemoryRecorder(),
                deepthink: deepthink))
        #expect(outcome.success == true)
        #expect(deepthink.transcripts.count == 3)
    }

    @Test func `an oracle that dies gives its call back and ends the attempt`() async throws {
        let recorder = MemoryRecorder()
        let assignment = assignment(environment: "oracle-dies", kind: .alwaysDeepthink)
        let result = try await run(ScriptedModel([]), assignment, recorder)
        guard case .environmentFailed(let error) = result else {
            Issue.record("\(result)")
            return
        }
        #expect(error.isPassing)
        #expect(recorder.state.withLock { $0.abandoned.count } == 1)
        #expect(recorder.state.withLock { $0.finished.isEmpty })
    }

    @Test func `without a seed the job's number is it`() async throws {
        let recorder = MemoryRecorder()
        _ = try await run(right(2), assignment(seed: nil), recorder)
        #expect(recorder.state.withLock { $0.opening?.goal } == "go to cell 2")
    }
}
