import Domain
import Processes

/// Looks at the program, the devices and the model of a server of our own without starting it.
package struct EngineCheck: Sendable {
    private let engine: LocalEngine

    package init(_ engine: LocalEngine) { self.engine = engine }

    /// The full path of llama-server.
    /// - Throws: `.executableMissing`.
    package func program() throws(GenerationError) -> String {
        do { return try findExecutable(engine.executable, searchPath: engine.searchPath) } catch {
            throw .executableMissing(name: engine.executable, reason: "\(error)")
        }
    }

    /// What llama-server says of its version, `9876 (0a1b2c3)`.
    package func version() async throws(GenerationError) -> String {
        let path = try program()
        let command = ProcessCommand(path: path, arguments: ["--version"], environment: engine.variables)
        let result: ProcessResult
        do { result = try await runToEnd(command, outputLimit: 1 << 16, timeLimitMilliseconds: 60_000) } catch {
            throw .executableMissing(name: path, reason: "\(error)")
        }
        // Some builds say it on stdout, others on stderr.
        let text = String(decoding: result.output, as: UTF8.self) + "\n" + result.errorTail
        guard result.isSuccess, let version = text.lines.compactMap({ $0.behind("version: ") }).first else {
            throw .executableMissing(
                name: path, reason: "--version: \(result.ending) \(result.errorTail.lastScalars(500))")
        }
        return String(version)
    }

    /// The devices that llama-server lists; empty for the CPU.
    package func devices() async throws(GenerationError) -> [Device] {
        try await Device.list(executable: try program(), arguments: engine.rpcArguments, environment: engine.variables)
    }

    /// Reads the whole model, about a second for each gigabyte.
    /// - Returns: its size in bytes, its SHA-256, hexadecimal, and what is wrong with the context, if anything.
    /// - Throws: `.modelMissing`, `.modelDamaged`, `.wrongHash`, `.modelUnfit`.
    package func model() async throws(GenerationError) -> (sizeBytes: Int64, sha256: String, complaint: String?) {
        let file = try await ModelInspector().inspect(engine)
        return (file.sizeBytes, file.sha256, file.complaint(about: engine.context))
    }

    /// An estimate of the memory that it would take, in bytes, from the model's header.
    package func memory(on devices: [Device]) throws(GenerationError) -> (deviceBytes: Int64, hostBytes: Int64) {
        let memory = try EngineMemory(engine, devices: devices)
        return (memory.deviceBytes, memory.hostBytes)
    }
}
