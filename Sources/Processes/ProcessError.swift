/// Why a program could not be started. How a program that did start ended is no error: see `ProcessExit`.
package enum ProcessError: Error, Equatable, CustomStringConvertible {
    /// No such file, or no such name in the search path.
    case notFound(path: String)
    /// The file is there, but this user may not execute it, or it is no program.
    case notExecutable(path: String, reason: String)
    case directoryMissing(path: String, program: String)
    /// The kernel refused a rule, or there is no room for the command's own directory.
    case notConfined(path: String, scratchParent: String, reason: String)
    /// The kernel refused a rule for a model's server.
    case serverNotConfined(path: String, reason: String)
    /// Anything else that the system said: out of processes, memory or descriptors.
    case failed(path: String, reason: String)

    package var description: String {
        switch self {
        case .notFound(let path):
            "program '\(path)' not found: install it, or give its full path"
        case .notExecutable(let path, let reason):
            "program '\(path)' cannot be executed (\(reason)): check the file's mode, owner and architecture"
        case .directoryMissing(let path, let program):
            "working directory '\(path)' for '\(program)' is missing: create it or name another one"
        case .notConfined(let path, let parent, let reason):
            "program '\(path)' could not be confined: \(reason); check that londid may write to \(parent)"
        case .serverNotConfined(let path, let reason):
            "program '\(path)' could not be confined: \(reason); Confine=no starts it without"
        case .failed(let path, let reason):
            "program '\(path)' could not be started: \(reason)"
        }
    }
}
