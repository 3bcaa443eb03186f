import Domain
import Glibc
import Processes

/// Starts one llama-server and returns it once it is known to be ours, loaded, and on the device that was asked for.
struct LlamaLauncher: Sendable {
    struct Server: Sendable {
        let child: ChildProcess
        let client: LlamaClient
        let properties: LlamaAPI.Properties
        let model: ModelFile
        let device: String
        let warning: String?
    }

    /// How far the server's log may lag behind its health.
    private static let logPatience = Duration.seconds(5)
    /// How often an exit is looked for whose connection broke.
    private static let exitRounds = 100

    let role: EngineRole
    let engine: LocalEngine
    let memory: MemoryGate
    let time: MonotonicTime
    let policy: RestartPolicy
    let log: @Sendable (String) -> Void
    private let inspector = ModelInspector()

    init(
        role: EngineRole, engine: LocalEngine, memory: MemoryGate, time: MonotonicTime, policy: RestartPolicy,
        log: @escaping @Sendable (String) -> Void
    ) {
        self.role = role
        self.engine = engine
        self.memory = memory
        self.time = time
        self.policy = policy
        self.log = log
    }

    func launch() async throws(GenerationError) -> Server {
        let model = try await inspector.inspect(engine)
        let executable: String
        do {
            executable = try findExecutable(engine.executable, searchPath: engine.searchPath)
        } catch {
            throw .executableMissing(name: engine.executable, reason: "\(error)")
        }
        let devices = try await devices(executable)
        try await memory.admit(role, devices: devices)
        try makeSocketFree()
        let tail = LogTail(forward: log)
        let child = try await spawn(executable, model: model, devices: devices, tail: tail)
        do {
            return try await waitUntilReady(child, model: model, devices: devices, tail: tail)
        } catch {
            await child.terminate(graceMilliseconds: policy.graceMilliseconds)
            throw error
        }
    }

    /// The devices to offload to; empty for the CPU.
    private func devices(_ executable: String) async throws(GenerationError) -> [Device] {
        if engine.gpuLayers == 0 { return [] }
        let all = try await listDevices(executable)
        let chosen = chosenDeviceNames
        let devices = chosen.map { names in all.filter { names.contains($0.name) } } ?? all
        if devices.isEmpty, let layers = engine.gpuLayers {
            throw .deviceMissing(
                role: role, wanted: "a device for \(layers) layers",
                found: "llama-server lists \(all.isEmpty ? "none" : all.map(\.name).joined(separator: ", "))")
        }
        if devices.isEmpty { log("llama-server lists no device: running on the CPU") }
        return devices
    }

    /// A host of `RpcServers=` that does not answer ends llama-server, which says so with its last words.
    private func listDevices(_ executable: String) async throws(GenerationError) -> [Device] {
        do throws(GenerationError) {
            return try await Device.list(
                executable: executable, arguments: engine.rpcArguments, environment: engine.variables)
        } catch .executableMissing(_, let reason) where !engine.rpcServers.isEmpty {
            let refusal = reason.lastRange(of: "Failed to connect to ").map { reason[$0.lowerBound...].lines[0] }
            throw .unavailable(
                role: role,
                reason: "llama-server does not come to its RPC servers "
                    + "(\(refusal ?? reason.lastScalars(200))): each of RpcServers= "
                    + "must run ggml-rpc-server of the same llama.cpp build")
        }
    }

    /// The value of `--device` among the extra arguments.
    private var chosenDeviceNames: [String]? {
        let arguments = engine.extraArguments
        guard let index = arguments.firstIndex(where: { $0 == "--device" || $0 == "-dev" }), index + 1 < arguments.count
        else { return nil }
        return arguments[index + 1].parts(at: ",").map(String.init)
    }

    private func arguments(devices: [Device]) -> [String] {
        var arguments = engine.rpcArguments
        arguments += [
            "--model", engine.modelPath,
            "--host", engine.socketPath,
            "--ctx-size", String(engine.context * engine.slots),
            "--parallel", String(engine.slots),
            // Each slot has its own part of the cache, so jobs do not evict each other's prompts.
            "--no-kv-unified", "--cache-ram", "0",
            "--batch-size", String(engine.physicalBatch), "--ubatch-size", String(engine.physicalBatch),
            "--n-gpu-layers", String(devices.isEmpty ? 0 : engine.gpuLayers ?? 999),
            // The level at which the buffers' devices are logged.
            "--verbosity", "4", "--metrics",
        ]
        if engine.isEncoder { arguments += ["--embeddings", "--pooling", "mean"] }
        if let threads = engine.threads { arguments += ["--threads", String(threads)] }
        return arguments + engine.extraArguments
    }

    /// Removes what a killed server left. Anything but a socket is not ours to remove.
    private func makeSocketFree() throws(GenerationError) {
        let path = engine.socketPath
        guard path.ends(with: ".sock"), path.utf8.count < 108 else {
            throw .socketUnusable(path: path, reason: "its path must end in .sock and have less than 108 bytes")
        }
        var status = stat()
        if lstat(path, &status) == 0 {
            guard status.st_mode & S_IFMT == S_IFSOCK else {
                throw .socketUnusable(path: path, reason: "something that is no socket is there: move it away")
            }
            guard unlink(path) == 0 else { throw .socketUnusable(path: path, reason: errnoText()) }
        }
    }

    /// What keeps the server from londid's own; nil where it is trusted. Listing its devices, with no model loaded, needs none.
    private func confinement(_ executable: String, _ model: ModelFile) -> ServerConfinement? {
        guard let hidden = engine.hidden else { return nil }
        let named = engine.extraArguments.filter { $0.begins(with: "/") }
        let directory = engine.socketPath.parts(at: "/").dropLast().joined(separator: "/")
        return ServerConfinement(
            hidden: hidden, readable: model.paths + [executable] + named, socketDirectory: "/\(directory)",
            connects: !engine.rpcServers.isEmpty)
    }

    private func spawn(
        _ executable: String, model: ModelFile, devices: [Device], tail: LogTail
    ) async throws(GenerationError) -> ChildProcess {
        let command = ProcessCommand(
            path: executable, arguments: arguments(devices: devices), environment: engine.variables,
            serverConfinement: confinement(executable, model))
        do {
            let child = try await ChildProcess.start(command, output: .pipe, error: .output)
            if let output = child.output {
                tail.follow(LineReader(reading: output) { line in tail.add(line) })
            }
            return child
        } catch {
            throw .executableMissing(name: executable, reason: "\(error)")
        }
    }

    private func waitUntilReady(
        _ child: ChildProcess, model: ModelFile, devices: [Device], tail: LogTail
    ) async throws(GenerationError) -> Server {
        let client = LlamaClient(
            role: role, endpoint: .unixSocket(path: engine.socketPath), time: time, requestLimit: policy.requestLimit)
        let began = time.now()
        while true {
            if let exit = child.exitIfEnded {
                throw await startFailed(exit, tail)
            }
            var isHealthy = false
            do {
                isHealthy = try await client.isHealthy()
            } catch .serverDied, .hung, .unavailable {
                // Not listening yet, or ending: the next round tells.
            }
            if isHealthy { break }
            guard time.now() - began < policy.startLimit else {
                throw .startFailed(
                    role: role, reason: "no health after \(policy.startLimit)", lastLines: tail.lastLines)
            }
            try await pause()
        }
        let properties = try await client.properties()
        guard properties.modelPath == engine.modelPath else {
            throw .strangeServer(role: role, expected: engine.modelPath, actual: properties.modelPath)
        }
        try await checkFitness(of: client, child, model: model, tail: tail)
        let device = try await checkDevice(devices, tail: tail)
        return Server(
            child: child, client: client, properties: properties, model: model, device: device,
            warning: model.complaint(about: engine.context))
    }

    /// Has the model write one token, or embed a text: a server that cannot do that is not ready.
    private func checkFitness(
        of client: LlamaClient, _ child: ChildProcess, model: ModelFile, tail: LogTail
    ) async throws(GenerationError) {
        do throws(GenerationError) { try await client.checkFitness(within: policy.startLimit) } catch {
            switch error {
            case .cancelled: throw error
            default:
                // A process that crashes is not gone at once, where the kernel writes its memory down.
                for _ in 0..<Self.exitRounds where child.exitIfEnded == nil && error.isLost { try await pause() }
                if let exit = child.exitIfEnded { throw await startFailed(exit, tail) }
                let work = engine.isEncoder ? "embed a text" : "write a token"
                throw .startFailed(role: role, reason: "it cannot \(work): \(error)", lastLines: tail.lastLines)
            }
        }
    }

    /// What a server's end before it was ready means, with its last words.
    private func startFailed(_ exit: ProcessExit, _ tail: LogTail) async -> GenerationError {
        await tail.end()
        return .startFailed(role: role, reason: exit.reasonOfStart, lastLines: tail.lastLines)
    }

    /// llama.cpp goes on with the CPU when a device fails, and says "offloaded to GPU" all the same: only the places of
    /// the model's buffers tell the truth.
    private func checkDevice(_ devices: [Device], tail: LogTail) async throws(GenerationError) -> String {
        guard !devices.isEmpty else { return "CPU" }
        let began = time.now()
        while true {
            let used = devices.filter { tail.bufferDevices.contains($0.name) }
            if !used.isEmpty { return used.map { "\($0.name): \($0.description)" }.joined(separator: ", ") }
            guard time.now() - began < Self.logPatience else { break }
            try await pause()
        }
        throw .deviceMissing(
            role: role, wanted: devices.map(\.name).joined(separator: ", "),
            found: "the model's weights went to \(tail.bufferDevices.sorted().joined(separator: ", "))")
    }

    private func pause() async throws(GenerationError) {
        do {
            try await time.sleep(policy.loadingPause)
        } catch {
            throw .cancelled(partial: Generated(text: "", stopReason: .interrupted))
        }
    }
}

extension ProcessExit {
    /// How llama-server ended while it started, and what to do about that where the end itself tells.
    var reasonOfStart: String {
        if isCrash {
            return "\(self): built for another processor, or miscompiled: build it on this machine with "
                + "-DGGML_NATIVE=OFF, or with -mno-amx-tile -mno-amx-int8 -mno-amx-bf16 in CMAKE_C_FLAGS and CMAKE_CXX_FLAGS; "
                + "Tests/Setup/llama-server.sh does that"
        }
        if self == .signal(SIGKILL) {
            return "\(self): where the kernel's log says that it was out of memory, use a smaller model, "
                + "Context= or Slots="
        }
        return description
    }
}
