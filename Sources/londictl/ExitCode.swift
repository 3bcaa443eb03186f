import Control

/// How londictl ends, for scripts; the same everywhere.
enum ExitCode: Int32, CaseIterable, Sendable {
    case ok = 0
    case jobFailed = 1
    case error = 2
    case notFound = 3
    case unreachable = 4
    case budgetRefused = 5
    case conflict = 6
    case notPermitted = 7
    case storage = 8
    case usage = 64
    case interrupted = 130

    /// What it tells a script.
    var meaning: String {
        switch self {
        case .ok: "ok"
        case .jobFailed: "a job failed, wait timed out, an audit found a difference or doctor a problem"
        case .error: "error, an output that cannot be written among them"
        case .notFound: "not found"
        case .unreachable: "daemon unreachable"
        case .budgetRefused: "refused by budget"
        case .conflict: "conflict"
        case .notPermitted: "not permitted"
        case .storage: "the daemon's storage refuses: full, read-only, an I/O error, damaged"
        case .usage: "usage"
        case .interrupted: "interrupted"
        }
    }

    init(_ error: ControlError) {
        self =
            switch error {
            case .notFound, .pruned: .notFound
            case .conflict: .conflict
            case .permissionDenied: .notPermitted
            case .storageFull, .storageFault: .storage
            case .unreachable, .disconnected: .unreachable
            default: .error
            }
    }
}

/// Why a command did not do what it was asked.
enum CommandError: Error, Equatable {
    /// The command line itself is wrong.
    case usage(String)
    /// The daemon said no, or could not be reached.
    case control(ControlError)
    /// A file of the user's cannot be read or written; its path as the command line has it.
    case file(path: String, reason: String)
    /// Batch lines are invalid, and were reported already. Not complete: the rest of the file was not looked at.
    case invalidLines(count: Int, isComplete: Bool)
    /// A program that the command ran, or the daemon that it started, did not do its part.
    case failed(String)
    /// What the daemon has cannot be shown as asked.
    case cannotShow(String)

    var message: String {
        switch self {
        case .usage(let text), .cannotShow(let text), .failed(let text): text
        case .control(let error): error.description
        case .file(let path, let reason): "\(FileName(path)): \(reason)"
        case .invalidLines(let count, let isComplete):
            "\(isComplete ? "" : "at least ")\(Phrase.count(count, "invalid line")); nothing was queued: "
                + "correct the file and submit it again"
        }
    }

    var exitCode: ExitCode {
        switch self {
        case .usage: .usage
        case .control(let error): ExitCode(error)
        case .file, .invalidLines, .cannotShow, .failed: .error
        }
    }
}
