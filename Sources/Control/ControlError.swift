package import Domain

/// Everything that can go wrong between londictl and londid: what the daemon answers (the errors of `io.londi` and of
/// `org.varlink.service`) and what the socket itself does. A failed job, a spent budget and a job that waits are no
/// errors.
package enum ControlError: Error, Hashable, Sendable {
    // io.londi

    /// There is no `kind` (job, batch, queue) called `name`.
    case notFound(kind: String, name: String)
    /// The job ended and was pruned; its entries in the ledger remain.
    case pruned(job: JobID, at: Timestamp, ledgerEntries: Int)
    case conflict(what: String, remedy: String)
    case invalidArgument(argument: String, value: String, remedy: String)
    /// `line` 1 is the file's first.
    case invalidLine(line: Int, message: String)
    /// londid.conf was read again and has mistakes, each with its file and line; nothing has changed.
    case invalidConfiguration(problems: [String])
    case permissionDenied(action: String, needs: String)
    case tooLarge(what: String, limit: Int)
    case storageFull(path: String)
    /// The daemon's state cannot be read or written; `reason` is the system's.
    case storageFault(path: String, reason: String)
    case unavailable(what: String)

    // org.varlink.service

    case interfaceNotFound(String)
    case methodNotFound(String)
    case methodNotImplemented(String)
    /// The parameter's path and what was expected there.
    case invalidParameter(String)
    /// The method answers only calls with `more`.
    case expectedMore

    // The socket and what comes through it

    /// No daemon listens at `path`; `reason` is the system's.
    case unreachable(path: String, reason: String)
    /// The other side closed the connection, or it was cancelled, before the answer was complete.
    case disconnected
    /// Nothing came, or could be written, within a limit.
    case timedOut(what: String)
    /// Bytes that are no message of the protocol.
    case malformed(what: String)
    /// A system call failed; `reason` is the system's.
    case system(call: String, path: String, reason: String)
    /// An error that this version does not know, with its parameters as JSON.
    case unknown(name: String, parameters: String)
}

extension ControlError: CustomStringConvertible {
    private static func remedy(forMissing kind: String) -> String {
        switch kind {
        case "queue", "batch": "`londictl \(kind) list` shows what there is"
        case "open batch": "submit the file again"
        case "policy": "`londictl policy versions QUEUE` shows what there is"
        case "environment": "`londictl config show` shows the [Environment NAME] sections of londid.conf"
        default: "`londictl list` shows what there is"
        }
    }

    package var description: String {
        switch self {
        case .notFound(let kind, let name):
            "there is no \(kind) \(name); \(Self.remedy(forMissing: kind))"
        case .pruned(let job, let instant, let count):
            "job \(job) was pruned on \(RFC3339.text(of: instant)); its \(count) ledger "
                + "\(count == 1 ? "entry remains" : "entries remain")"
        case .conflict(let what, let remedy): "\(what); \(remedy)"
        case .invalidArgument(let argument, let value, let remedy): "\(argument) cannot be '\(value)': \(remedy)"
        case .invalidLine(let line, let message): "line \(line): \(message)"
        case .invalidConfiguration(let problems):
            "the configuration has mistakes, and everything stays as it was:\n\(problems.joined(separator: "\n"))"
        case .permissionDenied(let action, let needs): "you may not \(action); that needs \(needs)"
        case .tooLarge(let what, let limit): "\(what) is larger than the limit of \(limit); send it in smaller parts"
        case .storageFull(let path): "the file system of \(path) is full; free some space there and try again"
        case .storageFault(let path, let reason):
            "the daemon cannot use its state \(path) (\(reason)); nothing was changed unless londid has stopped since: "
                + "see its log, check the file system and the disk, and try again"
        case .unavailable(let what): what
        case .interfaceNotFound(let name): "the daemon has no interface \(name); its version may be older"
        case .methodNotFound(let name): "the daemon has no method \(name); its version may be older"
        case .methodNotImplemented(let name): "the daemon knows \(name) but does not implement it; update londid"
        case .invalidParameter(let parameter): "invalid parameter \(parameter)"
        case .expectedMore: "this method streams its answer: call it with \"more\": true"
        case .unreachable(let path, let reason):
            "no londid answers at \(path) (\(reason)); start it with `systemctl start londid` or `londid --user`, or "
                + "name its socket with --socket or LONDI_SOCKET"
        case .disconnected: "the connection to londid was closed before the answer was complete; try again"
        case .timedOut(let what): "\(what) took too long"
        case .malformed(let what): "not a message of the control protocol: \(what)"
        case .system(let call, let path, let reason): "\(call) \(path): \(reason)"
        case .unknown(let name, let parameters): "\(name) \(parameters)"
        }
    }
}
