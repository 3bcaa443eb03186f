import Domain
import Episodes
import Generation
import Switching
import Synchronization
import Testing

/// What a model in the encoder role is asked, when, and what its absence means.
@Suite struct TextEncodings {
    /// Embeds a text as its length, whether it has a digit, and its first byte; keeps what it was asked.
    private final class ScriptedEmbedding: EmbeddingModel {
        struct Script {
            var asked: [String] = []
            var identity = "tiny"
            var dimension = 3
            /// Throws it from the given request on.
            var fault: GenerationError?
            var healthyRequests = Int.max
        }

        let script = Mutex(Script())

        var identity: String { get async { script.withLock(\.identity) } }

        func embed(_ text: String) async throws(GenerationError) -> [Float]? {
            let answer: Result<[Float]?, GenerationError> = script.withLock { script in
                if let fault = script.fault, script.asked.count >= script.healthyRequests { return .failure(fault) }
                script.asked.append(text)
                let numbers: [Float] = [
                    Float(text.utf8.count), text.contains(where: \.isNumber) ? 50 : 0, Float(text.utf8.first ?? 0),
                ]
                return .success(Array((numbers + [1, 1]).prefix(script.dimension)))
            }
            return try answer.get()
        }

        /// Without the reference texts.
        var texts: [String] {
            script.withLock { $0.asked.filter { !ModelEncoder.references.contains($0) } }
        }
    }

    private static func assignment(_ encoder: any FeatureEncoder) -> Assignment {
        var settings = QueueSettings(maxSteps: 6, stepTokens: 32)
        settings.switcher = SwitcherSettings(kind: .alwaysQuick, explorationRate: 0)
        return Assignment(
            job: JobID(1), episode: 1,
            specification: JobSpecification(
                messages: [Message(role: "user", content: "2 + 2?")], verifier: nil, answerMarker: nil),
            settings: settings, written: [], policy: nil, encoder: encoder, dayFraction: 0.5)
    }

    private func runner(_ quick: ScriptedModel, _ texts: EmbeddedTexts) -> EpisodeRunner {
        EpisodeRunner(
            quick: RoleModel(model: quick, instructions: nil, temperature: 0),
            deepthink: RoleModel(model: ScriptedModel([]), instructions: nil, temperature: 0), texts: texts,
            judge: Judge(commands: []), stepMilliseconds: 1000)
    }

    /// A draft was used up whatever became of its step.
    @Test func `a draft whose reader is away is dropped with all it used`() async throws {
        let model = ScriptedEmbedding()
        model.script.withLock {
            $0.fault = .unavailable(role: .encoder, reason: "gone")
            $0.healthyRequests = 0
        }
        var assignment = Self.assignment(ModelEncoder(modelIdentity: "tiny"))
        assignment.settings.observe = .draft
        let draft = Generated(text: "4", stopReason: .endOfTurn, generatedTokens: 7)
        let recorder = MemoryRecorder()
        let result = try await runner(ScriptedModel([.success(draft)]), EmbeddedTexts(model)).run(
            assignment, recorder: recorder)
        guard case .interrupted(.encoder, .unavailable) = result else { return #expect(Bool(false), "\(result)") }
        #expect(recorder.state.withLock { $0.dropped } == [draft])
        #expect(recorder.state.withLock { $0.decisions.isEmpty })
    }

    /// The question is the same at each step; asking again would cost the step its time.
    @Test func `a question is embedded once, the answer at each step, and both are recorded`() async throws {
        let model = ScriptedEmbedding()
        let texts = EmbeddedTexts(model)
        let quick = ScriptedModel([writes("a\n\n"), writes("b 7\n\n"), writes("4", .endOfTurn)])
        let recorder = MemoryRecorder()
        let encoder = await texts.encoder
        #expect(encoder.identity == "model-v1-128:tiny" || encoder.identity.hasSuffix("-128:tiny"))
        _ = try await runner(quick, texts).run(Self.assignment(encoder), recorder: recorder)
        #expect(model.texts.count == 3, "\(model.texts)")
        #expect(model.texts[0] == "2 + 2?")
        let features = recorder.state.withLock(\.features)
        #expect(features.map(\.count) == [Int](repeating: encoder.featureCount, count: 3))
        let dense = encoder.featureCount - 128
        let question = features.map { Array($0[dense..<(dense + 96)]) }
        #expect(question[0] == question[1] && question[1] == question[2])
        let answers = features.map { Array($0[(dense + 96)...]) }
        #expect(answers[0] == [Float](repeating: 0, count: 32), "nothing is written yet")
        #expect(answers[1] != answers[0] && answers[2] != answers[1])
        #expect(features.joined().allSatisfy { abs($0) <= 1 })
        // Another job with the same question.
        let again = ScriptedModel([writes("4", .endOfTurn)])
        _ = try await runner(again, texts).run(Self.assignment(encoder), recorder: recorder)
        #expect(model.texts.count == 3)
    }

    /// Another encoder's features would mean something else to the policy: the step waits instead.
    @Test(arguments: [0, 5, 6, 7]) func `a failing encoder stops the job before the step begins`(healthy: Int)
        async throws
    {
        let model = ScriptedEmbedding()
        let away = GenerationError.unavailable(role: .encoder, reason: "gone")
        model.script.withLock {
            $0.fault = away
            $0.healthyRequests = healthy
        }
        let texts = EmbeddedTexts(model)
        let quick = ScriptedModel((0..<4).map { writes("\($0)\n\n") })
        let recorder = MemoryRecorder()
        let result = try await runner(quick, texts).run(Self.assignment(await texts.encoder), recorder: recorder)
        guard case .interrupted(.encoder, away) = result else { return #expect(Bool(false), "\(result)") }
        #expect(away.isPassing)
        recorder.state.withLock { state in
            #expect(state.decisions.count == max(0, healthy - 5), "what was decided before stands")
            #expect(state.finished.count == state.decisions.count)
            #expect(state.abandoned.isEmpty)
        }
    }

    @Test func `an encoder that has become another model ends the run, and embeds anew for the next`() async throws {
        let model = ScriptedEmbedding()
        let texts = EmbeddedTexts(model)
        let old = await texts.encoder
        let state = SwitcherState(question: "2 + 2?", maxSteps: 1)
        let before = try await texts.text(of: state)
        model.script.withLock { $0.identity = "other" }
        let result = try await runner(ScriptedModel([writes("4", .endOfTurn)]), texts).run(
            Self.assignment(old), recorder: MemoryRecorder())
        guard case .interrupted(.encoder, .unavailable) = result else { return #expect(Bool(false), "\(result)") }
        #expect(await texts.encoder.identity != old.identity)
        let asked = model.texts.count
        #expect(try await texts.text(of: state) == before, "the script embeds as before")
        #expect(model.texts.count == asked + 1, "but what the other model embedded is not used")
    }

    @Test func `embeddings of another length are not taken`() async throws {
        let model = ScriptedEmbedding()
        let texts = EmbeddedTexts(model)
        _ = try await texts.text(of: SwitcherState(question: "one", maxSteps: 1))
        model.script.withLock { $0.dimension = 5 }
        let error = await #expect(throws: GenerationError.self) {
            try await texts.text(of: SwitcherState(question: "two", maxSteps: 1))
        }
        guard case .unavailable(.encoder, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("5 numbers, not 3"))
    }
}
