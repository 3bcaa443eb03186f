package import Domain

/// Why a model could not write. A step cut short by its limits is no error: `Generated.stopReason` says so.
package enum GenerationError: Error, Equatable, CustomStringConvertible {
    // The engine cannot run until an administrator acts.
    case modelMissing(path: String, reason: String)
    case modelDamaged(path: String, reason: String)
    case wrongHash(path: String, expected: String, actual: String)
    /// The model is of another kind than its role needs.
    case modelUnfit(path: String, reason: String)
    case executableMissing(name: String, reason: String)
    case socketUnusable(path: String, reason: String)
    /// Layers were to be offloaded, and the device is not there or the server went on without it.
    case deviceMissing(role: EngineRole, wanted: String, found: String)
    /// The pair does not fit; amounts in bytes.
    case outOfMemory(needs: [MemoryNeed], freeBytes: Int64, place: String)
    /// The server ended or hung before it was ready.
    case startFailed(role: EngineRole, reason: String, lastLines: [String])
    /// Another process answers at our socket, with another model.
    case strangeServer(role: EngineRole, expected: String, actual: String)

    /// The API key of somebody else's server cannot be read.
    case keyUnreadable(role: EngineRole, path: String, reason: String)
    /// Somebody else's server does not take our API key, or wants one.
    case keyRefused(role: EngineRole, hasKey: Bool, reason: String)
    /// Somebody else's server does not prove that it is who it should be.
    case notTrusted(role: EngineRole, reason: String)
    /// Somebody else's server cannot do what londid needs.
    case unfit(role: EngineRole, reason: String)

    // The engine is away for a moment.
    case unavailable(role: EngineRole, reason: String)
    /// The server went away during a request; what it had written until then, where it wrote. Thrown to a job where no
    /// other one's request was under way.
    case serverDied(role: EngineRole, reason: String, partial: Generated?)
    /// The server went away, or hung, while it was busy with the requests of several jobs: one of them may be the reason,
    /// but nobody knows which.
    case lostTogether(role: EngineRole, reason: String, partial: Generated?)
    /// No token and no prompt progress for so long, or no answer; the server is restarted.
    case hung(role: EngineRole, seconds: Int)

    // The request's own fault.
    case promptTooLong(role: EngineRole, tokens: Int, context: Int)
    /// So large that it cannot fit, by its bytes or whatever Context= is; the reason is a sentence with the remedy.
    case promptTooLarge(role: EngineRole, reason: String)
    /// The server refused or failed a request.
    case http(role: EngineRole, status: Int, message: String)
    /// The server answered something that is not its protocol.
    case badAnswer(role: EngineRole, reason: String)
    /// The calling task was cancelled; what was written until then, with what that took.
    case cancelled(partial: Generated)

    /// The engine's trouble, not the job's: the job goes back to pending with `ModelUnavailable` and loses nothing.
    /// False for the job's own faults and for `cancelled`, which is the caller's own wish.
    package var isPassing: Bool {
        switch self {
        case .modelMissing, .modelDamaged, .wrongHash, .modelUnfit, .executableMissing, .socketUnusable, .deviceMissing,
            .outOfMemory, .startFailed, .strangeServer, .keyUnreadable, .keyRefused, .notTrusted, .unfit, .unavailable,
            .serverDied, .lostTogether, .hung:
            true
        case .http(_, let status, _): [429, 502, 503, 504].contains(status)
        case .promptTooLong, .promptTooLarge, .badAnswer, .cancelled: false
        }
    }

    /// Trying again soon cannot help: somebody has to change a file, the configuration or the machine first.
    package var needsAdministrator: Bool {
        switch self {
        case .modelMissing, .modelDamaged, .wrongHash, .modelUnfit, .executableMissing, .socketUnusable, .deviceMissing,
            .outOfMemory, .strangeServer, .keyUnreadable, .keyRefused, .notTrusted, .unfit:
            true
        default: false
        }
    }

    /// Somebody else's server has refused to begin with the request, or has not seen it: nothing was used.
    var saysNotBegun: Bool {
        switch self {
        case .unavailable, .keyRefused, .notTrusted: true
        default: false
        }
    }

    /// The connection broke, or there is none.
    var isLost: Bool {
        switch self {
        case .serverDied, .unavailable: true
        default: false
        }
    }

    /// A file that the configuration names is missing, damaged or another one.
    package var isWrongFile: Bool {
        switch self {
        case .modelMissing, .modelDamaged, .wrongHash, .modelUnfit, .executableMissing: true
        default: false
        }
    }

    package var description: String {
        switch self {
        case .modelMissing(let path, let reason):
            "model file '\(path)' cannot be read (\(reason)): put it there, or correct Model= in londid.conf"
        case .modelDamaged(let path, let reason):
            "model file '\(path)' is damaged (\(reason)): download it again"
        case .wrongHash(let path, let expected, let actual):
            "model file '\(path)' has SHA-256 \(actual), not the configured \(expected): "
                + "download it again, or correct Sha256= in londid.conf"
        case .modelUnfit(let path, let reason):
            "model file '\(path)' cannot have this role: \(reason); name another file by Model= in londid.conf"
        case .executableMissing(let name, let reason):
            "llama-server '\(name)' cannot be run (\(reason)): install llama.cpp, or set LlamaServer= in londid.conf"
        case .socketUnusable(let path, let reason):
            "engine socket '\(path)' cannot be used: \(reason)"
        case .deviceMissing(let role, let wanted, let found):
            "\(role.rawValue): \(wanted) was to be used, but \(found): check the driver, "
                + "or set GpuLayers=0 in londid.conf to run on the CPU"
        case .outOfMemory(let needs, let freeBytes, let place):
            "not enough memory on \(place): "
                + needs.map { "\($0.role.rawValue) needs \(mebibytes($0.bytes))" }.joined(separator: ", ")
                + ", \(mebibytes(freeBytes)) free: use smaller models, Context= or Slots=, or fewer GpuLayers="
        case .startFailed(let role, let reason, let lastLines):
            "\(role.rawValue): llama-server did not start (\(reason))"
                + (lastLines.isEmpty ? "" : "; its last lines: " + lastLines.joined(separator: " | "))
        case .strangeServer(let role, let expected, let actual):
            "\(role.rawValue): the server at our socket serves '\(actual)', not '\(expected)': end that server"
        case .keyUnreadable(let role, let path, let reason):
            "\(role.rawValue): the API key '\(path)' cannot be read (\(reason)): put it there, or correct ApiKeyFile= or "
                + "ApiKeyCredential= in londid.conf"
        case .keyRefused(let role, let hasKey, let reason):
            "\(role.rawValue): the server "
                + (hasKey
                    ? "refuses the API key (\(reason)): correct the one that londid.conf names"
                    : "wants an API key (\(reason)): name one by ApiKeyFile= or ApiKeyCredential= in londid.conf")
        case .notTrusted(let role, let reason):
            "\(role.rawValue): the server's certificate is refused (\(reason)): it needs a valid one for the host in Url=, "
                + "signed by an authority that the system or CaFile= in londid.conf names"
        case .unfit(let role, let reason):
            "\(role.rawValue): the server at Url= cannot be used: \(reason)"
        case .unavailable(let role, let reason):
            "\(role.rawValue) is unavailable: \(reason)"
        case .serverDied(let role, let reason, _):
            "\(role.rawValue): the server went away during a request of this job's and no other (\(reason))"
        case .lostTogether(let role, let reason, _):
            "\(role.rawValue): the server went away during requests of several jobs (\(reason)); this one is tried again "
                + "alone, which counts no attempt"
        case .hung(let role, let seconds):
            "\(role.rawValue): no answer and no progress for \(seconds) s; the server is restarted"
        case .promptTooLong(let role, let tokens, let context):
            "\(role.rawValue): the prompt has \(tokens) tokens and the context holds \(context): "
                + "shorten the job, or raise Context= in londid.conf"
        case .promptTooLarge(let role, let reason): "\(role.rawValue): \(reason)"
        case .http(let role, let status, let message):
            "\(role.rawValue): the server answered \(status): \(message)"
        case .badAnswer(let role, let reason):
            "\(role.rawValue): the server's answer is not understood (\(reason)): is it a llama-server?"
        case .cancelled: "cancelled"
        }
    }
}

/// How much memory one role's engine takes.
package struct MemoryNeed: Hashable, Sendable {
    package let role: EngineRole
    package let bytes: Int64

    package init(role: EngineRole, bytes: Int64) {
        self.role = role
        self.bytes = bytes
    }
}

/// For messages: 1,048,576 bytes each, rounded up.
func mebibytes(_ bytes: Int64) -> String { "\((bytes + 1_048_575) / 1_048_576) MiB" }

extension GenerationError {
    /// What was written, and what that took, before the request was cut off; nil where that is not known.
    package var partial: Generated? {
        switch self {
        case .serverDied(_, _, let partial), .lostTogether(_, _, let partial): partial
        case .cancelled(let partial): partial
        default: nil
        }
    }
}
