import Domain
package import Processes

/// Why an environment could not go on with an episode. An action that it does not know is no error: its answer is what
/// the model sees next.
package enum EnvironmentError: Error, Equatable, CustomStringConvertible {
    /// londid.conf has no such environment.
    case unknown(name: String, known: [String])
    case notStarted(name: String, ProcessError)
    /// Its process was killed for a fault; with the last lines of its log.
    case broken(name: String, EnvironmentFault, lastLines: [String])
    /// It does not take what the job asks of it.
    case refused(name: String, method: String, code: Int, message: String)
    /// The recorded actions lead elsewhere than they did.
    case diverged(name: String, step: Int, recorded: String, found: String)
    /// The calling task was cancelled; the process that was asked is gone.
    case cancelled

    /// The environment's trouble, not the job's: another attempt may succeed.
    package var isPassing: Bool {
        switch self {
        case .notStarted, .broken: true
        case .unknown, .refused, .diverged, .cancelled: false
        }
    }

    /// A short word for programs.
    package var code: String {
        switch self {
        case .unknown, .refused: "environment-refused"
        case .notStarted, .broken, .cancelled: "environment-fault"
        case .diverged: "environment-diverged"
        }
    }

    package var description: String {
        switch self {
        case .unknown(let name, let known):
            "londid.conf has no section [Environment \(name)]; "
                + (known.isEmpty ? "it names no environment" : "it has \(known.joined(separator: ", "))")
        case .notStarted(let name, let error): "the environment '\(name)' did not start: \(error)"
        case .broken(let name, let fault, let lastLines):
            "the environment '\(name)' \(fault)"
                + (lastLines.isEmpty ? "" : "; its last lines: " + lastLines.joined(separator: " | "))
        case .refused(let name, let method, let code, let message):
            "the environment '\(name)' refused \(method) (\(code)): \(message)"
        case .diverged(let name, let step, let recorded, let found):
            "the environment '\(name)' does not repeat itself: after \(step) actions it had said '\(recorded.firstScalars(200))'"
                + " and now says '\(found.firstScalars(200))'; `londictl retry` begins a new episode"
        case .cancelled: "cancelled"
        }
    }
}

/// What an environment's process was killed for.
package enum EnvironmentFault: Error, Hashable, Sendable, CustomStringConvertible {
    case hung(method: String, milliseconds: Int)
    case ended(ProcessExit)
    /// It closed its stdout; how it ended is asked next.
    case closed
    /// A line over the limit.
    case flooded
    /// A line that nobody asked for.
    case babbled(String)
    /// An answer that is not the protocol's.
    case garbled(method: String, reason: String)
    /// An error where the protocol has none.
    case failed(method: String, code: Int, message: String)
    /// It does not read its requests.
    case deaf
    /// Nobody waits for its answer any more.
    case abandoned

    package var description: String {
        switch self {
        case .hung(let method, let milliseconds): "did not answer \(method) within \(Double(milliseconds) / 1000) s"
        case .ended(let exit): "ended with \(exit)"
        case .closed: "closed its stdout"
        case .flooded: "sent a line of more than \(Inbox.longestLineBytes) bytes"
        case .babbled(let line): "sent a line that nobody asked for: '\(line.firstScalars(200))'"
        case .garbled(let method, let reason): "answered \(method) with something else than its result: \(reason)"
        case .failed(let method, let code, let message): "failed at \(method) (\(code)): \(message)"
        case .deaf: "does not read its requests"
        case .abandoned: "was cut off"
        }
    }
}
