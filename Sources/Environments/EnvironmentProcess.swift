import Domain
import Processes

/// A running environment program, for one episode after the other. A fault ends it, and every later request throws.
package final class EnvironmentProcess: Sendable {
    package let configuration: EnvironmentConfiguration
    package let server: String
    package let capabilities: EnvironmentCapabilities
    private let channel: Channel

    private init(_ configuration: EnvironmentConfiguration, _ introduction: Introduction, _ channel: Channel) {
        self.configuration = configuration
        self.server = introduction.server
        self.capabilities = introduction.capabilities
        self.channel = channel
    }

    /// Starts the program and suspends until it has introduced itself.
    package static func start(
        _ configuration: EnvironmentConfiguration
    ) async throws(EnvironmentError) -> EnvironmentProcess {
        let channel: Channel
        do throws(ProcessError) { channel = try await Channel.open(configuration.command) } catch {
            throw .notStarted(name: configuration.name, error)
        }
        let parameters: [String: JSONValue] = [
            "protocol_version": .integer(Int64(Introduction.protocolVersion)), "client": .string("londid"),
        ]
        let introduction: Introduction = try await Self.result(
            of: "initialize", parameters, configuration, channel, withinMilliseconds: configuration.startMilliseconds)
        guard introduction.protocolVersion == Introduction.protocolVersion else {
            throw await Self.broken(
                .garbled(method: "initialize", reason: "protocol_version \(introduction.protocolVersion)"),
                configuration, channel)
        }
        return EnvironmentProcess(configuration, introduction, channel)
    }

    /// It has neither ended nor broken the protocol.
    package var isUsable: Bool { channel.isUsable }

    package func tasks() async throws(EnvironmentError) -> [EnvironmentTask] {
        let list: TaskList = try await result(of: "tasks")
        return list.tasks
    }

    /// Begins an episode; the one before is forgotten.
    func reset(
        seed: Int64, options: [String: String], listsActions: Bool
    ) async throws(EnvironmentError) -> ResetAnswer {
        var parameters = Self.include(listsActions)
        parameters["seed"] = .integer(seed)
        parameters["options"] = .object(options.mapValues(JSONValue.string))
        let answer: ResetAnswer = try await Self.result(
            of: "reset", parameters, configuration, channel, withinMilliseconds: configuration.startMilliseconds)
        guard answer.step == 0, answer.info.maxSteps >= 1 else {
            throw await fault(.garbled(method: "reset", reason: "step is not 0, or max_steps is below 1"))
        }
        return answer
    }

    /// Does an action. An action that is not known changes nothing.
    /// - Parameter number: the action's within the episode, from 1.
    func step(
        _ action: String, number: Int, listsActions: Bool
    ) async throws(EnvironmentError) -> RemoteResult<StepAnswer> {
        var parameters = Self.include(listsActions)
        parameters["action"] = .string(action)
        parameters["step"] = .integer(Int64(number))
        let result: RemoteResult<StepAnswer> = try await answer(to: "step", parameters)
        switch result {
        case .error(let error):
            guard error.code == RemoteError.unknownAction else {
                throw await fault(.failed(method: "step", code: error.code, message: error.message))
            }
        case .value(let answer):
            let range = capabilities.reward
            guard answer.step == number else {
                throw await fault(.garbled(method: "step", reason: "step \(answer.step), not \(number)"))
            }
            guard answer.reward >= range.min, answer.reward <= range.max else {
                throw await fault(
                    .garbled(
                        method: "step", reason: "reward \(answer.reward) is not from \(range.min) to \(range.max)"))
            }
        }
        return result
    }

    /// An expert's next action; nil where it knows none.
    func oracle() async throws(EnvironmentError) -> String? {
        let answer: OracleAnswer = try await result(of: "oracle")
        return answer.action
    }

    func ping() async throws(EnvironmentError) {
        let _: NoAnswer = try await result(of: "ping")
    }

    /// Sends a request as it is.
    func answer<Result: Decodable>(
        to method: String, _ parameters: [String: JSONValue] = [:]
    ) async throws(EnvironmentError) -> RemoteResult<Result> {
        try await Self.answer(
            to: method, parameters, configuration, channel, withinMilliseconds: configuration.stepMilliseconds)
    }

    /// Lets the program end, and kills it where it does not; tells how it ended.
    @discardableResult
    func close() async -> ProcessExit { await channel.close() }

    private func result<Result: Decodable>(of method: String) async throws(EnvironmentError) -> Result {
        try await Self.result(
            of: method, [:], configuration, channel, withinMilliseconds: configuration.stepMilliseconds)
    }

    /// Kills the process for what it did.
    func fault(_ fault: EnvironmentFault) async -> EnvironmentError {
        await Self.broken(fault, configuration, channel)
    }

    private static func include(_ listsActions: Bool) -> [String: JSONValue] {
        listsActions ? ["include": .array([.string("actions")])] : [:]
    }

    /// The result of a method, where an error is the job's fault or a fault of the program.
    private static func result<Result: Decodable>(
        of method: String, _ parameters: [String: JSONValue], _ configuration: EnvironmentConfiguration,
        _ channel: Channel, withinMilliseconds limit: Int
    ) async throws(EnvironmentError) -> Result {
        let result: RemoteResult<Result> = try await answer(
            to: method, parameters, configuration, channel, withinMilliseconds: limit)
        switch result {
        case .value(let value): return value
        case .error(let error) where [RemoteError.unknownTask, RemoteError.wrongParameters].contains(error.code):
            throw .refused(name: configuration.name, method: method, code: error.code, message: error.message)
        case .error(let error):
            throw await broken(
                .failed(method: method, code: error.code, message: error.message), configuration, channel)
        }
    }

    private static func answer<Result: Decodable>(
        to method: String, _ parameters: [String: JSONValue], _ configuration: EnvironmentConfiguration,
        _ channel: Channel, withinMilliseconds limit: Int
    ) async throws(EnvironmentError) -> RemoteResult<Result> {
        // Nothing was asked yet, so the process need not go.
        if Task.isCancelled { throw .cancelled }
        do throws(EnvironmentFault) {
            return try await channel.answer(to: method, parameters, withinMilliseconds: limit)
        } catch {
            throw await broken(error, configuration, channel)
        }
    }

    private static func broken(
        _ fault: EnvironmentFault, _ configuration: EnvironmentConfiguration, _ channel: Channel
    ) async -> EnvironmentError {
        let (told, lastLines) = await channel.end(for: fault)
        return told == .abandoned ? .cancelled : .broken(name: configuration.name, told, lastLines: lastLines)
    }
}
