package import Domain

/// One role's engine, as londid.conf describes it.
package struct EngineConfiguration: Hashable, Sendable {
    /// Where the model runs.
    package enum Source: Hashable, Sendable {
        /// A llama-server that londid starts and supervises.
        case local(LocalEngine)
        /// A server that someone else runs.
        case url(ServerAddress)
    }

    package var role: EngineRole
    package var source: Source
    /// A system prompt that comes before the job's own messages; nil for none. Nothing to an encoder, as the temperature.
    package var instructions: String?
    package var temperature: Double

    package init(role: EngineRole, source: Source, instructions: String? = nil, temperature: Double = 0) {
        self.role = role
        self.source = source
        self.instructions = instructions
        self.temperature = temperature
    }
}

/// Where somebody else's server is, and what it wants of its users.
package struct ServerAddress: Hashable, Sendable {
    /// `http://host:port`, `https://...`, `unix:/path`, or the full path of a Unix socket.
    package var url: String
    /// Which of its models, where it has several.
    package var model: String?
    /// A PEM file of the authorities that may vouch for it; nil: those that the system trusts.
    package var authoritiesPath: String?
    /// A file that holds the API key, read anew at each connection; nil for none.
    package var keyPath: String?
    /// A request that brings nothing for so long is given up.
    package var silenceSeconds: Int

    package init(
        _ url: String, model: String? = nil, authoritiesPath: String? = nil, keyPath: String? = nil,
        silenceSeconds: Int = 60
    ) {
        self.url = url
        self.model = model
        self.authoritiesPath = authoritiesPath
        self.keyPath = keyPath
        self.silenceSeconds = silenceSeconds
    }
}

/// A llama-server of our own.
package struct LocalEngine: Hashable, Sendable {
    /// It embeds texts and writes none.
    package var isEncoder: Bool
    /// The full path of llama-server, or its name in `searchPath`.
    package var executable: String
    /// The directories of a PATH variable.
    package var searchPath: String
    /// A GGUF file; of a model in several files the first, `...-00001-of-0000N.gguf`.
    package var modelPath: String
    /// The file's SHA-256 in hexadecimal; nil: taken as it is. Of a model in several files, of all of them in order.
    package var sha256: String?
    /// The most tokens of one job's prompt and answer together.
    package var context: Int
    /// How many jobs it serves at once.
    package var slots: Int
    /// Layers on the GPU: nil for all where a device is there; 0 for the CPU.
    package var gpuLayers: Int?
    /// `host:port` of the ggml-rpc-servers over whose devices the model is spread, beside those of this machine.
    package var rpcServers: [String]
    /// nil: llama-server's own choice.
    package var threads: Int?
    package var extraArguments: [String]
    /// Put over the few variables that londid sets itself.
    package var environment: [String: String]
    /// In a directory that only londid's user can enter; ends in `.sock`.
    package var socketPath: String
    /// Directories and files of londid's that it has no access to; nil: it may do whatever londid may.
    package var hidden: [String]?

    package init(
        isEncoder: Bool = false, executable: String = "llama-server",
        searchPath: String = "/usr/local/bin:/usr/bin:/bin", modelPath: String,
        sha256: String? = nil, context: Int = 4096, slots: Int = 1, gpuLayers: Int? = nil,
        rpcServers: [String] = [], threads: Int? = nil, extraArguments: [String] = [],
        environment: [String: String] = [:], socketPath: String,
        hidden: [String]? = nil
    ) {
        self.isEncoder = isEncoder
        self.executable = executable
        self.searchPath = searchPath
        self.modelPath = modelPath
        self.sha256 = sha256
        self.context = context
        self.slots = slots
        self.gpuLayers = gpuLayers
        self.rpcServers = rpcServers
        self.threads = threads
        self.extraArguments = extraArguments
        self.environment = environment
        self.socketPath = socketPath
        self.hidden = hidden
    }

    /// The most tokens that it evaluates at once. Small, so that a cancelled request frees its slot soon; but an encoder
    /// takes a whole text at once or not at all.
    var physicalBatch: Int { isEncoder ? context : 256 }

    /// llama-server's environment.
    var variables: [String: String] {
        // Waiting threads sleep: spinning ones take the processor from the other role's server. A backtrace by gdb
        // would stop a dying server for seconds.
        ["OMP_WAIT_POLICY": "passive", "GGML_NO_BACKTRACE": "1", "PATH": searchPath].merging(environment) { $1 }
    }

    /// What makes llama-server connect to the other hosts: before anything that asks for devices.
    var rpcArguments: [String] { rpcServers.isEmpty ? [] : ["--rpc", rpcServers.joined(separator: ",")] }
}
