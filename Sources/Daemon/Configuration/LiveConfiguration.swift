import Environments
import Episodes
import Synchronization

/// londid.conf as it holds: what it said at the start, and what reloads have changed since.
package final class LiveConfiguration: Sendable {
    /// What a reload came to, by the names of keys.
    struct Change: Equatable, Sendable {
        /// In force now.
        var applied: [String] = []
        /// Changed in the file, and as before until londid starts again.
        var needRestart: [String] = []
    }

    private let inForce: Mutex<Configuration>
    private let load: @Sendable () throws(ConfigurationError) -> Configuration

    /// - Parameter load: reads the file anew.
    package init(
        _ configuration: Configuration, load: @escaping @Sendable () throws(ConfigurationError) -> Configuration
    ) {
        inForce = Mutex(configuration)
        self.load = load
    }

    var current: Configuration { inForce.withLock(\.self) }

    /// Reads the file and puts in force what can change while londid runs.
    /// - Throws: every problem of the file; then everything is as before.
    func reload() throws(ConfigurationError) -> Change {
        let loaded = try load()
        return inForce.withLock { inForce in
            let new = Self.placed(loaded, as: inForce)
            let change = Self.change(from: inForce, to: new)
            inForce.logLevel = new.logLevel
            inForce.drainSeconds = new.drainSeconds
            inForce.verifiers = new.verifiers
            return change
        }
    }

    /// What a reload would come to.
    /// - Throws: every problem of the file.
    func pending() throws(ConfigurationError) -> Change {
        let current = current
        return Self.change(from: current, to: Self.placed(try load(), as: current))
    }

    /// What was loaded, with commands kept from the state where it is: it stays there whatever the file says now.
    private static func placed(_ loaded: Configuration, as current: Configuration) -> Configuration {
        var new = loaded
        new.hide(current.hidden)
        return new
    }

    private static func change(from old: Configuration, to new: Configuration) -> Change {
        var change = Change()
        for key in liveKeys where !key.isEqual(old, new) { change.applied.append(key.name) }
        for key in otherKeys where !key.isEqual(old, new) { change.needRestart.append(key.name) }
        change.needRestart += changedEngineKeys(old, new)
        return change
    }

    /// A key of londid.conf and whether two configurations agree about it.
    private struct Key<Section>: Sendable {
        let name: String
        let isEqual: @Sendable (Section, Section) -> Bool
        let text: @Sendable (Section) -> String

        init<Value: Equatable & SendableMetatype>(_ name: String, _ value: @escaping @Sendable (Section) -> Value) {
            self.name = name
            isEqual = { value($0) == value($1) }
            text = { LiveConfiguration.text(of: value($0)) }
        }
    }

    private static let liveKeys: [Key<Configuration>] = [
        Key("LogLevel") { $0.logLevel }, Key("DrainSeconds") { $0.drainSeconds }, Key("[Verifier]") { $0.verifiers },
    ]

    private static let otherKeys: [Key<Configuration>] = [
        Key("StateDirectory") { $0.stateDirectory }, Key("RuntimeDirectory") { $0.runtimeDirectory },
        Key("MemberGroup") { $0.memberGroup }, Key("AdminGroup") { $0.adminGroup },
        Key("StepSeconds") { $0.stepSeconds }, Key("LlamaServer") { $0.serverProgram },
        Key("[Environment]") { $0.environments }, Key("MetricsFile") { $0.metricsFile },
        Key("MetricsSeconds") { $0.metricsSeconds }, Key("MessageMemoryMegabytes") { $0.messageMemoryMegabytes },
    ]

    private static let engineKeys: [Key<Configuration.Engine>] = [
        Key("Model") { $0.model }, Key("Url") { $0.url }, Key("ModelName") { $0.modelName },
        Key("CaFile") { $0.caFile }, Key("ApiKeyFile") { $0.apiKeyFile },
        Key("ApiKeyCredential") { $0.apiKeyCredential }, Key("Sha256") { $0.sha256 }, Key("Context") { $0.context },
        Key("Slots") { $0.slots }, Key("GpuLayers") { $0.gpuLayers },
        Key("RpcServers") { $0.rpcServers }, Key("Threads") { $0.threads },
        Key("ExtraArguments") { $0.extraArguments }, Key("Instructions") { $0.instructions },
        Key("Temperature") { $0.temperature }, Key("Think") { $0.thinks }, Key("StallSeconds") { $0.stallSeconds },
        Key("Confine") { $0.isConfined },
    ]

    /// What is in force, by the names of keys.
    var entries: [(key: String, value: String)] {
        let current = current
        return (Self.liveKeys + Self.otherKeys).map { ($0.name, $0.text(current)) }
            + current.engineSections.flatMap { name, engine in
                Self.engineKeys.map { ("[\(name)] \($0.name)", $0.text(engine)) }
            }
    }

    /// As londid.conf would have it; of verifiers and environments their names.
    private static func text(of value: Any) -> String {
        let mirror = Mirror(reflecting: value)
        if mirror.displayStyle == .optional { return mirror.children.first.map { text(of: $0.value) } ?? "" }
        return switch value {
        case let words as [String]: words.joined(separator: " ")
        case let verifiers as [VerifierCommand]: verifiers.map(\.name).joined(separator: " ")
        case let environments as [EnvironmentConfiguration]: environments.map(\.name).joined(separator: " ")
        case let flag as Bool: flag ? "yes" : "no"
        default: "\(value)"
        }
    }

    /// `[Quick] Model`; `[Encoder]` where there is one in only one of the two.
    private static func changedEngineKeys(_ old: Configuration, _ new: Configuration) -> [String] {
        let pairs = [("[Quick]", old.quick, new.quick), ("[Deepthink]", old.deepthink, new.deepthink)]
        var changed = pairs.flatMap { title, old, new in
            engineKeys.filter { !$0.isEqual(old, new) }.map { "\(title) \($0.name)" }
        }
        switch (old.encoder, new.encoder) {
        case (let old?, let new?):
            changed += engineKeys.filter { !$0.isEqual(old, new) }.map { "[Encoder] \($0.name)" }
        case (nil, nil): break
        default: changed.append("[Encoder]")
        }
        return changed
    }
}
