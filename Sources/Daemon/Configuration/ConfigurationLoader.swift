package import Control
import Environments
import Episodes
import Glibc

/// Reads londid.conf and its drop-ins into a `Configuration`.
package struct ConfigurationLoader {
    /// The defaults that depend on how londid was started.
    package struct Places: Sendable, Equatable {
        package var stateDirectory: String
        package var runtimeDirectory: String

        /// The system service's places.
        package static let system = Places(stateDirectory: "/var/lib/londi", runtimeDirectory: "/run/londi")

        package init(stateDirectory: String, runtimeDirectory: String) {
            self.stateDirectory = stateDirectory
            self.runtimeDirectory = runtimeDirectory
        }

        /// The places of `--user`; nil where the environment names no directory for the state.
        package static func user(_ directories: UserDirectories) -> Places? {
            guard let state = directories.stateDirectory, let runtime = directories.runtimeDirectories.first else {
                return nil
            }
            return Places(stateDirectory: state, runtimeDirectory: runtime)
        }
    }

    /// The largest configuration file, in bytes.
    private static let sizeLimit = 1 << 20
    /// The longest path of a Unix socket, in bytes.
    private static let socketPathLimit = 107

    /// Tokens of a text that an encoder reads, where the file does not say: it evaluates them all at once.
    private static let encoderContext = 2048

    private let places: Places
    private var problems: [ConfigurationError.Problem] = []

    private init(places: Places) { self.places = places }

    /// Reads `path` and every `*.conf` of `path.d/`, in the order of their names.
    /// - Throws: every problem found, at once.
    package static func load(path: String, places: Places) throws(ConfigurationError) -> Configuration {
        var file = ConfigurationFile()
        file.read(try mainText(of: path), file: path)
        for name in names(in: "\(path).d").sorted() where name.hasSuffix(".conf") {
            let dropIn = "\(path).d/\(name)"
            file.read(try text(of: dropIn), file: dropIn)
        }
        var loader = ConfigurationLoader(places: places)
        return try loader.configuration(from: file, path: path)
    }

    private mutating func configuration(
        from file: ConfigurationFile, path: String
    ) throws(ConfigurationError) -> Configuration {
        problems = file.problems
        var sections = file.sections
        func take(_ name: String) -> SectionReader {
            let heading = ConfigurationFile.Heading(name: name, argument: "")
            let section = sections.removeValue(forKey: heading) ?? .init(file: path, line: 0)
            return SectionReader(heading, section)
        }
        var daemon = take("Daemon")
        var configuration = Configuration(
            stateDirectory: daemon.path("StateDirectory") ?? places.stateDirectory,
            runtimeDirectory: daemon.path("RuntimeDirectory") ?? places.runtimeDirectory,
            memberGroup: daemon.text("MemberGroup") ?? "londi", adminGroup: daemon.text("AdminGroup") ?? "londi-admin",
            logLevel: logLevel(&daemon), drainSeconds: daemon.integer("DrainSeconds", in: 0...3600) ?? 30,
            stepSeconds: daemon.integer("StepSeconds", in: 1...86_400) ?? 120,
            serverProgram: daemon.path("LlamaServer"), quick: .init(), deepthink: .init(), verifiers: [])
        checkSocketPaths(of: configuration, &daemon, path: path)
        finish(&daemon)
        func engine(_ name: String) -> Configuration.Engine {
            guard sections.keys.contains(.init(name: name, argument: "")) else {
                problems.append(
                    .init(file: path, line: nil, message: "there is no section [\(name)]; add it with Model="))
                return .init()
            }
            var reader = take(name)
            return writer(&reader)
        }
        configuration.quick = engine("Quick")
        configuration.deepthink = engine("Deepthink")
        if sections.keys.contains(.init(name: "Encoder", argument: "")) {
            var reader = take("Encoder")
            configuration.encoder = encoder(&reader)
        }
        for (heading, section) in sections.sorted(by: { $0.key < $1.key }) {
            var reader = SectionReader(heading, section)
            switch heading.name {
            case "Verifier" where !heading.argument.isEmpty:
                if let verifier = verifier(heading.argument, &reader) { configuration.verifiers.append(verifier) }
            case "Environment" where !heading.argument.isEmpty:
                if let environment = environment(heading.argument, &reader) {
                    configuration.environments.append(environment)
                }
            default:
                problems.append(
                    .init(
                        file: section.file, line: section.line,
                        message:
                            "unknown section [\(heading.name)\(heading.argument.isEmpty ? "" : " " + heading.argument)];"
                            + " there are [Daemon], [Quick], [Deepthink], [Encoder], [Verifier NAME] and"
                            + " [Environment NAME]"))
            }
        }
        guard problems.isEmpty else { throw ConfigurationError(problems: problems) }
        return configuration
    }

    /// The longest of the sockets' names must fit into a Unix socket's address.
    private mutating func checkSocketPaths(
        of configuration: Configuration, _ reader: inout SectionReader, path: String
    ) {
        let count = "\(configuration.engineDirectory)/deepthink.sock".utf8.count
        guard count > Self.socketPathLimit else { return }
        let reason =
            "is too long: a socket in it, engines/deepthink.sock, would have a path of \(count) bytes, and"
            + " \(Self.socketPathLimit) are the most; name a shorter directory"
        guard reader.text("RuntimeDirectory") == nil else { return reader.refuse("RuntimeDirectory", reason) }
        problems.append(
            .init(
                file: path, line: nil,
                message: "the default RuntimeDirectory=\(configuration.runtimeDirectory) \(reason) in [Daemon]"))
    }

    private func logLevel(_ reader: inout SectionReader) -> Log.Level {
        guard let text = reader.text("LogLevel") else { return .info }
        if let level = Log.Level(parsing: text) { return level }
        reader.refuse("LogLevel", "is none of \(Log.Level.allCases.map { "\($0)" }.joined(separator: ", "))")
        return .info
    }

    /// A model that writes.
    private mutating func writer(_ reader: inout SectionReader) -> Configuration.Engine {
        var engine = engine(&reader)
        engine.temperature = reader.number("Temperature", in: 0...5) ?? engine.temperature
        engine.thinks = reader.choice("Think", Answer.self) == .yes
        engine.instructions = reader.text("Instructions")
        if let path = reader.path("InstructionsFile") {
            if engine.instructions != nil { reader.refuse("InstructionsFile", "stands beside Instructions=; give one") }
            do {
                engine.instructions = try Self.text(of: path)
            } catch {
                reader.refuse("InstructionsFile", "cannot be read: \(error.problems[0].message)")
            }
        }
        finish(&reader)
        return engine
    }

    private enum Answer: String, CaseIterable {
        case yes
        case no
    }

    /// What reads texts for the Switcher, by its name.
    private enum EncoderKind: String, CaseIterable {
        case hashed
        case model
    }

    /// The encoder's model; nil where texts are hashed.
    private mutating func encoder(_ reader: inout SectionReader) -> Configuration.Engine? {
        // Beside a name that is none the other keys are as they would be with a model's.
        switch reader.choice("Kind", EncoderKind.self) ?? (reader.text("Kind") == nil ? .hashed : .model) {
        case .model:
            let engine = engine(&reader, context: Self.encoderContext)
            finish(&reader)
            return engine
        case .hashed:
            for key in reader.keys where key != "Kind" {
                reader.refuse(key, "belongs to Kind=model; add that, or remove \(key)=")
            }
            problems += reader.problems
            return nil
        }
    }

    /// The server of a model, of whatever role.
    private func engine(_ reader: inout SectionReader, context: Int? = nil) -> Configuration.Engine {
        var engine = Configuration.Engine()
        engine.context = context ?? engine.context
        engine.model = reader.path("Model")
        engine.url = reader.text("Url")
        engine.sha256 = reader.text("Sha256")?.lowercased()
        if let hash = engine.sha256, hash.utf8.count != 64 || !hash.allSatisfy(\.isHexDigit) {
            reader.refuse("Sha256", "is not 64 hexadecimal digits; `sha256sum FILE` prints it")
        }
        engine.context = reader.integer("Context", in: 256...1_048_576) ?? engine.context
        engine.slots = reader.integer("Slots", in: 1...256) ?? engine.slots
        if reader.text("GpuLayers") != "auto" { engine.gpuLayers = reader.integer("GpuLayers", in: 0...10_000) }
        engine.threads = reader.integer("Threads", in: 1...1024)
        engine.extraArguments = reader.words("ExtraArguments") ?? []
        engine.stallSeconds = reader.integer("StallSeconds", in: 1...86_400) ?? engine.stallSeconds
        switch (engine.model, engine.url) {
        case (nil, nil): reader.miss("Model", "give the path of a GGUF file, or Url= of a running server")
        case (.some, .some): reader.refuse("Url", "stands beside Model=; give one of the two")
        case (nil, let url?): checkServer(url, &reader)
        case (_?, nil): break
        }
        return engine
    }

    /// A role with a URL leaves to whoever runs that server what londid would tell its own.
    private func checkServer(_ url: String, _ reader: inout SectionReader) {
        let forms = ["http://", "https://", "unix:/", "/"]
        guard forms.contains(where: { url.hasPrefix($0) && url.utf8.count > $0.utf8.count }) else {
            return reader.refuse("Url", "is none of http://HOST:PORT, https://HOST:PORT, unix:/PATH and /PATH")
        }
        for key in ["Sha256", "GpuLayers", "ExtraArguments", "Threads"] where reader.text(key) != nil {
            reader.refuse(key, "belongs to Model=; remove it where Url= is given")
        }
    }

    private mutating func verifier(_ name: String, _ reader: inout SectionReader) -> VerifierCommand? {
        let words = command(&reader)
        let seconds = reader.integer("TimeoutSeconds", in: 1...3600) ?? 30
        let megabytes = reader.integer("MemoryMegabytes", in: 16...1_048_576) ?? 2048
        finish(&reader)
        guard let path = words.first else { return nil }
        return VerifierCommand(
            name: name, path: path, arguments: Array(words.dropFirst()), timeLimitMilliseconds: seconds * 1000,
            memoryLimitBytes: UInt64(megabytes) << 20)
    }

    private mutating func environment(_ name: String, _ reader: inout SectionReader) -> EnvironmentConfiguration? {
        let words = command(&reader)
        var environment = EnvironmentConfiguration(
            name: name, path: words.first ?? "", arguments: Array(words.dropFirst()))
        if let seconds = reader.integer("StartSeconds", in: 1...3600) { environment.startMilliseconds = seconds * 1000 }
        if let seconds = reader.integer("StepSeconds", in: 1...3600) { environment.stepMilliseconds = seconds * 1000 }
        if let megabytes = reader.integer("MemoryMegabytes", in: 16...1_048_576) {
            environment.memoryBytes = UInt64(megabytes) << 20
        }
        environment.mostActions = reader.integer("MostActions", in: 0...10_000) ?? environment.mostActions
        environment.shownActions = reader.integer("ShownActions", in: 0...1000) ?? environment.shownActions
        environment.shownObservations =
            reader.integer("ShownObservations", in: 1...1001) ?? environment.shownObservations
        finish(&reader)
        return words.isEmpty ? nil : environment
    }

    /// The program of `Command=` and its arguments; none where it cannot be run.
    private func command(_ reader: inout SectionReader) -> [String] {
        let words = reader.words("Command") ?? []
        if words.isEmpty {
            reader.miss("Command", "give a program's absolute path and its arguments")
        } else if !words[0].hasPrefix("/") {
            reader.refuse("Command", "does not begin with an absolute path")
        } else if let complaint = Self.complaint(aboutProgram: words[0]) {
            reader.refuse("Command", complaint)
        }
        return words
    }

    private mutating func finish(_ reader: inout SectionReader) {
        reader.refuseUnknownKeys()
        problems += reader.problems
    }

    /// Why a file cannot be run; nil where it can.
    private static func complaint(aboutProgram path: String) -> String? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            return "names a program that is not there (\(path): \(String(cString: strerror(errno))))"
        }
        guard status.st_mode & S_IFMT == S_IFREG, access(path, X_OK) == 0 else {
            return "names something that londid may not run (\(path)); make it executable"
        }
        return nil
    }

    /// The main file, for whose absence there is a remedy.
    private static func mainText(of path: String) throws(ConfigurationError) -> String {
        guard access(path, F_OK) == 0 || errno != ENOENT else {
            throw ConfigurationError(problems: [
                .init(
                    file: path, line: nil,
                    message: "there is no such file; copy systemd/londid.conf there, or name one with --config")
            ])
        }
        return try text(of: path)
    }

    private static func text(of path: String) throws(ConfigurationError) -> String {
        func failure(_ message: String) -> ConfigurationError {
            ConfigurationError(problems: [.init(file: path, line: nil, message: message)])
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            guard count >= 0 else { throw failure(String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += chunk[..<count]
            guard bytes.count <= sizeLimit else { throw failure("it is larger than \(sizeLimit) bytes") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("it is not UTF-8 text") }
        return text
    }

    /// The names in a directory; none where there is no such directory.
    private static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                    pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                })
        }
        return names
    }
}
