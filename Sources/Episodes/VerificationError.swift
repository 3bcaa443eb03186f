/// Why an answer could not be judged. A wrong answer is not an error: it is reward 0.
package enum VerificationError: Error, Equatable, CustomStringConvertible {
    case regex(pattern: String, problem: String)
    case schema(path: String, problem: String)
    /// The job names a verifier command that londid.conf does not have.
    case unknownCommand(name: String, known: [String])
    /// The command could not start, failed, took too long or printed no reward.
    case command(name: String, problem: String)
    /// Judging by a pattern or a schema took too much time or memory, or could not be started.
    case unjudged(by: String, problem: String)

    package var description: String {
        switch self {
        case .regex(let pattern, let problem): "the verifier's pattern '\(pattern)' cannot be used: \(problem)"
        case .schema(let path, let problem): "the verifier's schema at \(path) cannot be used: \(problem)"
        case .unknownCommand(let name, let known):
            "londid.conf has no section [Verifier \(name)]; "
                + (known.isEmpty ? "it names no verifier command" : "it has \(known.joined(separator: ", "))")
        case .command(let name, let problem): "the verifier command '\(name)' gave no reward: \(problem)"
        case .unjudged(let what, let problem): "the verifier's \(what) gave no verdict: \(problem)"
        }
    }
}
