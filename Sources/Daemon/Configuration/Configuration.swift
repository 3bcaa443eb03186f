import Control
import Domain
package import Environments
package import Episodes
import Processes

/// londid's settings for this machine, read and checked.
package struct Configuration: Sendable, Equatable {
    /// One role: its model, or the URL of a server that somebody else runs, with its instructions and limits.
    package struct Engine: Sendable, Equatable {
        package var model: String?
        package var sha256: String?
        /// `http://host:port`, `unix:/path/to.sock`; nil where londid runs the server itself.
        package var url: String?
        /// Which of the server's models, where it has several.
        package var modelName: String?
        /// The authorities that may vouch for the server, in PEM; nil: those that the system trusts.
        package var caFile: String?
        /// A file that holds the server's API key, or the name of a credential of the service that does.
        package var apiKeyFile: String?
        package var apiKeyCredential: String?
        /// Tokens per slot.
        package var context = 4096
        package var slots = 2
        /// nil: all of them where a device is there.
        package var gpuLayers: Int?
        /// `HOST:PORT` of other machines over which the model is spread.
        package var rpcServers: [String] = []
        package var threads: Int?
        package var extraArguments: [String] = []
        /// The system message that goes before the job's own; nil for none.
        package var instructions: String?
        package var temperature = 0.0
        /// In an environment it may write lines of thought before its action.
        package var thinks = false
        /// The longest time without a token or a progress of the prompt before the server counts as hanging.
        package var stallSeconds = 60
        /// llama-server is kept from the state, as far as the kernel can.
        package var isConfined = true
    }

    package var stateDirectory: String
    package var runtimeDirectory: String
    package var memberGroup: String
    package var adminGroup: String
    package var logLevel: Log.Level
    /// How long a running step may go on after SIGTERM.
    package var drainSeconds: Int
    /// The GPU time of one step after which it is cut off.
    package var stepSeconds: Int
    /// llama-server; nil: the one on PATH.
    package var serverProgram: String?
    package var quick: Engine
    package var deepthink: Engine
    /// The model that reads texts for the Switcher; nil: their words are hashed. One for all queues.
    package var encoder: Engine?
    package var verifiers: [VerifierCommand]
    package var environments: [EnvironmentConfiguration] = []
    /// Where the metrics are written for a textfile collector; nil: nowhere.
    package var metricsFile: String?
    package var metricsSeconds = 15
    /// Of the service manager; nil where there are none.
    package var credentialsDirectory: String?

    /// Where confined commands get their own directories.
    package var scratchParent = "/tmp"
    /// What all messages of clients together may take while they are read and answered.
    package var messageMemoryMegabytes = ControlLimits.defaultMessageMemoryMegabytes

    package var controlSocketPath: String { "\(runtimeDirectory)/io.londi" }
    /// What no confined command has access to.
    package var hidden: [String] { [stateDirectory, runtimeDirectory] + (credentialsDirectory.map { [$0] } ?? []) }
    package var engineDirectory: String { "\(runtimeDirectory)/engines" }
    /// How many jobs run at once: no more than either server has slots, so that no request ever queues there.
    package var workers: Int { min(quick.slots, deepthink.slots) }
}

extension Configuration {
    /// londid itself, as a judge that is confined as commands are where the kernel can.
    var judgeProgram: JudgeProgram {
        guard Confinement.kernelVersion > 0 else { return .own() }
        return .own(
            confinement: Confinement(
                hidden: hidden, scratchParent: scratchParent, allowsNetwork: false, mostTasks: Self.judgeTasks))
    }
    /// Processes and threads of a judge, which has one.
    private static let judgeTasks = 16

    /// Has confined commands kept from these directories.
    mutating func hide(_ directories: [String]) {
        for index in verifiers.indices { verifiers[index].confinement?.hidden = directories }
        for index in environments.indices { environments[index].confinement?.hidden = directories }
    }

    /// A warning about commands that the administrator trusts with everything; nil where there are none.
    var trustWarning: String? {
        let names =
            verifiers.filter { $0.confinement == nil }.map { "[Verifier \($0.name)]" }
            + environments.filter { $0.confinement == nil }.map { "[Environment \($0.name)]" }
            + engineSections.filter { !$0.engine.isConfined }.map { "[\($0.name)]" }
        guard !names.isEmpty else { return nil }
        let commands = names.joined(separator: ", ")
        return "Confine=no: \(commands) can read and change the state, and do whatever else londid may"
    }

    /// A warning about servers that this kernel cannot keep from the state; nil where there are none.
    /// - Parameter landlockVersion: the kernel's, 0 without Landlock.
    func kernelWarning(landlockVersion: Int = Confinement.kernelVersion) -> String? {
        let hasServer = engineRoles.contains { engine($0).url == nil && engine($0).isConfined }
        guard hasServer, landlockVersion == 0 else { return nil }
        return
            "this kernel has no Landlock: llama-server can read and change the state, and do whatever else londid may;"
            + " boot a Linux of at least 5.13 with landlock among its lsm="
    }

    /// What the llama-server of a role has no access to, keys of other servers among it; nil where nothing keeps it from anything.
    func hidden(from role: EngineRole) -> [String]? {
        guard engine(role).isConfined, Confinement.kernelVersion > 0 else { return nil }
        return hidden + engineRoles.compactMap { engine($0).apiKeyFile }
    }

    /// The sections of engines, by their names.
    var engineSections: [(name: String, engine: Engine)] {
        [("Quick", quick), ("Deepthink", deepthink)] + (encoder.map { [("Encoder", $0)] } ?? [])
    }

    /// The roles that have a server.
    var engineRoles: [EngineRole] { EngineRole.allCases.filter { $0 != .encoder || encoder != nil } }

    func engine(_ role: EngineRole) -> Engine {
        switch role {
        case .quick: return quick
        case .deepthink: return deepthink
        case .encoder:
            guard let encoder else { preconditionFailure("no encoder is configured") }
            return encoder
        }
    }
}

extension Configuration.Engine {
    /// What the model is called before its server has told its identity.
    var title: String { model ?? url ?? "" }
}
