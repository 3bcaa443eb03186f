import Domain
import Generation
import Switching
import Synchronization

/// The engines of the pair of models, and of the encoder where it is a model; what they are doing, and what the pair is
/// called.
final class EnginePair: Sendable {
    /// One engine as others see it.
    struct Condition: Sendable {
        var state = EngineState.starting
        /// Steps that it writes now.
        var busySlots = 0
        /// How often it became ready again.
        var restarts = 0
        var wasReady = false
        /// Why it was last away; nil before the first time.
        var fault: GenerationError?
    }

    let engines: [EngineRole: any Engine]
    let configuration: Configuration
    private let conditions: Mutex<[EngineRole: Condition]>
    private let board: ChangeBoard
    private let log: Log

    init(engines: [EngineRole: any Engine], configuration: Configuration, board: ChangeBoard, log: Log) {
        self.engines = engines
        conditions = Mutex(engines.mapValues { _ in Condition() })
        self.configuration = configuration
        self.board = board
        self.log = log
    }

    func engine(_ role: EngineRole) -> any Engine {
        guard let engine = engines[role] else { preconditionFailure("no engine for \(role)") }
        return engine
    }

    func condition(_ role: EngineRole) -> Condition { conditions.withLock { $0[role] ?? Condition() } }

    /// Both models can write, and the encoder's can read.
    var areReady: Bool {
        conditions.withLock { conditions in
            conditions.values.allSatisfy { if case .ready = $0.state { true } else { false } }
        }
    }

    /// An engine still starts for the first time, and nothing has gone wrong with it yet.
    var isLoading: Bool {
        conditions.withLock { conditions in
            conditions.values.contains { $0.state == .starting && !$0.wasReady && $0.fault == nil }
        }
    }

    /// Why an engine that has never been ready cannot be without another file; nil where none is in that case.
    var wrongFile: GenerationError? {
        conditions.withLock { conditions in
            conditions.values.first { !$0.wasReady && $0.fault?.isWrongFile == true }?.fault
        }
    }

    /// How often a model became ready so far: where it has grown, jobs that waited for a model may go on.
    var arrivals: Int {
        conditions.withLock { conditions in conditions.values.reduce(0) { $0 + $1.restarts + ($1.wasReady ? 1 : 0) } }
    }

    /// Runs all engines until the task is cancelled.
    func run() async {
        await withDiscardingTaskGroup { group in
            for (role, engine) in engines {
                group.addTask { await engine.run() }
                group.addTask { [self] in
                    for await state in engine.states() { note(state, of: role) }
                }
            }
        }
    }

    private func note(_ state: EngineState, of role: EngineRole) {
        conditions.withLock { conditions in
            var condition = conditions[role] ?? Condition()
            if case .ready = state {
                if condition.wasReady { condition.restarts += 1 }
                condition.wasReady = true
            }
            if case .unavailable(let error) = state { condition.fault = error }
            condition.state = state
            conditions[role] = condition
        }
        let log = log.about(role: role)
        switch state {
        case .starting: log.info("\(role.rawValue): the server is being started")
        case .ready(let device):
            log.notice("\(role.rawValue): ready on \(device)")
            if let warning = engines[role]?.warning { log.warning("\(role.rawValue): \(warning)") }
        case .unavailable(let error): log.tell(.engineAway, .error, "\(error); jobs wait")
        case .stopped: log.info("\(role.rawValue): stopped")
        }
        board.post()
    }

    /// Why a job's prompt fits into no context, by its bytes; nil where it may. DEEPTHINK's prompt is counted at each step,
    /// whoever writes it; what an environment shows is not known yet.
    func complaint(about specification: JobSpecification) -> String? {
        guard specification.environment == nil else { return nil }
        return engines[.deepthink]?.complaint(about: specification.messages)
    }

    /// A model that counts how many of its slots are busy.
    func counted(_ role: EngineRole) -> any LanguageModel & EmbeddingModel {
        CountedModel(model: engine(role), role: role, pair: self)
    }

    fileprivate func change(_ role: EngineRole, busySlotsBy difference: Int) {
        conditions.withLock { $0[role]?.busySlots += difference }
    }

    /// What policies are keyed by: the identities of both models and of the encoder, which comes last.
    func pairKey(_ encoder: any FeatureEncoder) async -> String {
        "\(await engine(.quick).identity) + \(await engine(.deepthink).identity) + \(encoder.identity)"
    }
}

private struct CountedModel: LanguageModel, EmbeddingModel {
    let model: any Engine
    let role: EngineRole
    let pair: EnginePair

    var identity: String { get async { await model.identity } }

    func prepare(_ transcript: Transcript) async throws(GenerationError) -> PreparedPrompt {
        try await model.prepare(transcript)
    }

    func generate(
        _ prompt: PreparedPrompt, limits: StepLimits, sampling: Sampling, onText: @escaping @Sendable (String) -> Void
    ) async throws(GenerationError) -> Generated {
        pair.change(role, busySlotsBy: 1)
        defer { pair.change(role, busySlotsBy: -1) }
        return try await model.generate(prompt, limits: limits, sampling: sampling, onText: onText)
    }

    func embed(_ text: String) async throws(GenerationError) -> [Float]? {
        pair.change(role, busySlotsBy: 1)
        defer { pair.change(role, busySlotsBy: -1) }
        return try await model.embed(text)
    }
}
