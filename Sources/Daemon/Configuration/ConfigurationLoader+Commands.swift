import Domain
import Environments
import Episodes
import Glibc
import Processes

/// The programs that the administrator names: verifiers and environments.
extension ConfigurationLoader {
    /// Processes and threads of a command, where the file does not say.
    private static let mostTasks = 512

    mutating func verifier(
        _ name: String, _ reader: inout SectionReader, hidden: [String]
    ) -> VerifierCommand? {
        let words = command(&reader)
        let confinement = confinement(&reader, program: words.first, hidden: hidden)
        let seconds = reader.integer("TimeoutSeconds", in: 1...3600) ?? 30
        let megabytes = reader.integer("MemoryMegabytes", in: 16...1_048_576) ?? 2048
        finish(&reader)
        guard let path = words.first else { return nil }
        return VerifierCommand(
            name: name, path: path, arguments: Array(words.dropFirst()), timeLimitMilliseconds: seconds * 1000,
            memoryLimitBytes: UInt64(megabytes) << 20, confinement: confinement)
    }

    mutating func environment(
        _ name: String, _ reader: inout SectionReader, hidden: [String]
    ) -> EnvironmentConfiguration? {
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
        environment.usesOracle = reader.choice("Oracle", Answer.self) == .yes
        environment.confinement = confinement(&reader, program: words.first, hidden: hidden)
        finish(&reader)
        return words.isEmpty ? nil : environment
    }

    /// The program of `Command=` and its arguments; none where it cannot be run.
    private func command(_ reader: inout SectionReader) -> [String] {
        let words = reader.words("Command") ?? []
        if words.isEmpty {
            reader.miss("Command", "give a program's absolute path and its arguments")
        } else if !words[0].begins(with: "/") {
            reader.refuse("Command", "does not begin with an absolute path")
        } else if let complaint = Self.complaint(aboutProgram: words[0]) {
            reader.refuse("Command", complaint)
        }
        return words
    }

    /// What the command is kept from; nil where the administrator trusts it with everything.
    private func confinement(
        _ reader: inout SectionReader, program: String?, hidden: [String]
    ) -> Confinement? {
        let isConfined = reader.choice("Confine", Answer.self) != .no
        let allowsNetwork = reader.choice("Network", Answer.self) == .yes
        let mostTasks = reader.integer("TasksMax", in: 1...1_000_000) ?? Self.mostTasks
        guard isConfined else {
            for key in ["Network", "TasksMax"] where reader.text(key) != nil {
                reader.refuse(key, "holds for a confined command only; remove it, or Confine=no")
            }
            return nil
        }
        guard Confinement.kernelVersion > 0 else {
            reader.refuse(
                "Command",
                "cannot be kept from londid's state, as this kernel has no Landlock: boot a Linux of at least 5.13 with"
                    + " landlock among its lsm=, or trust the command with everything by Confine=no")
            return nil
        }
        if let program, hidden.contains(where: { program.begins(with: "\($0)/") }) {
            reader.refuse("Command", "names a program in a directory that it has no access to; put it elsewhere")
        }
        return Confinement(
            hidden: hidden, scratchParent: places.scratchParent, allowsNetwork: allowsNetwork, mostTasks: mostTasks)
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
}
