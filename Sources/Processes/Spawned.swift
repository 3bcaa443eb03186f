import CSystem
import Glibc

/// A child that was just started, and the directory that goes when it does.
struct Spawned: Sendable {
    let pid: pid_t
    /// nil for a command that is not confined.
    let scratch: ScratchDirectory?

    /// Starts the program.
    /// - Parameter streams: what it gets as descriptors 0, 1 and 2.
    init(_ command: ProcessCommand, streams: [Int32]) throws(ProcessError) {
        guard let confinement = command.confinement else {
            scratch = nil
            pid = try Self.startServer(command, streams)
            return
        }
        let scratch: ScratchDirectory
        let ruleset: Descriptor
        do {
            scratch = try ScratchDirectory(in: confinement.scratchParent)
            ruleset = try confinement.ruleset(scratch: scratch.path)
        } catch {
            throw .notConfined(path: command.path, scratchParent: confinement.scratchParent, reason: "\(error)")
        }
        var command = command
        command.environment["TMPDIR"] = scratch.path
        var rules = londi_confinement(
            ruleset: ruleset.number, landlock_version: Int32(confinement.landlockVersion), is_server: 0,
            allows_network: confinement.allowsNetwork ? 1 : 0, tasks: UInt64(confinement.mostTasks))
        pid = try Self.start(command, streams, &rules)
        self.scratch = scratch
        withExtendedLifetime(ruleset) {}
    }

    /// Starts a program that has no directory of its own: a server, or one that may do whatever londid may.
    private static func startServer(_ command: ProcessCommand, _ streams: [Int32]) throws(ProcessError) -> pid_t {
        guard let confinement = command.serverConfinement else { return try start(command, streams, nil) }
        let ruleset: Descriptor
        do { ruleset = try confinement.ruleset() } catch {
            throw .serverNotConfined(path: command.path, reason: "\(error)")
        }
        var rules = londi_confinement(
            ruleset: ruleset.number, landlock_version: Int32(confinement.landlockVersion), is_server: 1,
            allows_network: confinement.connects ? 1 : 0, tasks: 0)
        defer { withExtendedLifetime(ruleset) {} }
        return try start(command, streams, &rules)
    }

    private static func start(
        _ command: ProcessCommand, _ streams: [Int32], _ confinement: UnsafePointer<londi_confinement>?
    ) throws(ProcessError) -> pid_t {
        let environment = command.environment.map { "\($0.key)=\($0.value)" }.sorted()
        let result = withCStrings([command.path] + command.arguments) { arguments in
            withCStrings(environment) { variables in
                londi_spawn(
                    command.path, arguments, variables, command.directory, streams[0], streams[1], streams[2],
                    command.memoryBytes ?? 0, command.cpuSeconds ?? 0, command.niceness, confinement)
            }
        }
        guard result < 0 else { return result }
        throw failure(of: command, errno: -result)
    }

    private static func failure(of command: ProcessCommand, errno number: Int32) -> ProcessError {
        let reason = Errno(number: number).description
        if let directory = command.directory, access(directory, X_OK) != 0 {
            return .directoryMissing(path: directory, program: command.path)
        }
        switch number {
        case ENOENT where access(command.path, F_OK) != 0, ENOTDIR: return .notFound(path: command.path)
        case ENOENT: return .notExecutable(path: command.path, reason: "its interpreter is missing")
        case EACCES, ENOEXEC, ELIBBAD, EISDIR: return .notExecutable(path: command.path, reason: reason)
        default: return .failed(path: command.path, reason: reason)
        }
    }
}

/// Texts as C's null-terminated array of pointers, for the length of `body`.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("an array with a terminator is never empty") }
        return body(base)
    }
}
