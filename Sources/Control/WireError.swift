import Domain

/// A `ControlError` as it stands in a reply: a qualified name and its parameters.
struct WireError: Equatable {
    var name: String
    var parameters: JSONValue

    /// What the wire says of `error`. The socket's own errors become `Unavailable`: they reach a peer only where a
    /// handler lets one through.
    init(_ error: ControlError) {
        func londi(_ name: String, _ members: [String: JSONValue]) -> (String, [String: JSONValue]) {
            ("io.londi.\(name)", members)
        }
        func varlink(_ name: String, _ members: [String: JSONValue]) -> (String, [String: JSONValue]) {
            ("org.varlink.service.\(name)", members)
        }
        let (name, members) =
            switch error {
            case .notFound(let kind, let name): londi("NotFound", ["kind": .string(kind), "name": .string(name)])
            case .pruned(let job, let instant, let count):
                londi(
                    "Pruned",
                    [
                        "job": .integer(job.number), "prunedAt": .integer(instant.milliseconds),
                        "ledgerEntries": .integer(Int64(count)),
                    ])
            case .conflict(let what, let remedy):
                londi("Conflict", ["what": .string(what), "remedy": .string(remedy)])
            case .invalidArgument(let argument, let value, let remedy):
                londi(
                    "InvalidArgument",
                    ["argument": .string(argument), "value": .string(value), "remedy": .string(remedy)])
            case .invalidLine(let line, let message):
                londi("InvalidLine", ["line": .integer(Int64(line)), "message": .string(message)])
            case .invalidConfiguration(let problems):
                londi("InvalidConfiguration", ["problems": .array(problems.map(JSONValue.string))])
            case .permissionDenied(let action, let needs):
                londi("PermissionDenied", ["action": .string(action), "needs": .string(needs)])
            case .tooLarge(let what, let limit):
                londi("TooLarge", ["what": .string(what), "limit": .integer(Int64(limit))])
            case .storageFull(let path): londi("StorageFull", ["path": .string(path)])
            case .storageFault(let path, let reason):
                londi("StorageFault", ["path": .string(path), "reason": .string(reason)])
            case .unavailable(let what): londi("Unavailable", ["what": .string(what)])
            case .interfaceNotFound(let name): varlink("InterfaceNotFound", ["interface": .string(name)])
            case .methodNotFound(let name): varlink("MethodNotFound", ["method": .string(name)])
            case .methodNotImplemented(let name): varlink("MethodNotImplemented", ["method": .string(name)])
            case .invalidParameter(let parameter): varlink("InvalidParameter", ["parameter": .string(parameter)])
            case .expectedMore: varlink("ExpectedMore", [:])
            case .unreachable, .disconnected, .timedOut, .malformed, .system, .unknown:
                londi("Unavailable", ["what": .string(error.description)])
            }
        self.name = name
        parameters = .object(members)
    }

    init(name: String, parameters: JSONValue) {
        self.name = name
        self.parameters = parameters
    }

    /// The error that a reply names; one that this version does not know, or whose members are missing, is `.unknown`.
    var error: ControlError {
        func text(_ key: String) -> String { parameters[key]?.string ?? "?" }
        func number(_ key: String) -> Int64 { parameters[key]?.integer ?? 0 }
        return switch name {
        case "io.londi.NotFound": .notFound(kind: text("kind"), name: text("name"))
        case "io.londi.Pruned":
            .pruned(
                job: JobID(number("job")), at: Timestamp(milliseconds: number("prunedAt")),
                ledgerEntries: Int(number("ledgerEntries")))
        case "io.londi.Conflict": .conflict(what: text("what"), remedy: text("remedy"))
        case "io.londi.InvalidArgument":
            .invalidArgument(argument: text("argument"), value: text("value"), remedy: text("remedy"))
        case "io.londi.InvalidLine": .invalidLine(line: Int(number("line")), message: text("message"))
        case "io.londi.InvalidConfiguration":
            .invalidConfiguration(problems: (parameters["problems"]?.array ?? []).compactMap(\.string))
        case "io.londi.PermissionDenied": .permissionDenied(action: text("action"), needs: text("needs"))
        case "io.londi.TooLarge": .tooLarge(what: text("what"), limit: Int(number("limit")))
        case "io.londi.StorageFull": .storageFull(path: text("path"))
        case "io.londi.StorageFault": .storageFault(path: text("path"), reason: text("reason"))
        case "io.londi.Unavailable": .unavailable(what: text("what"))
        case "org.varlink.service.InterfaceNotFound": .interfaceNotFound(text("interface"))
        case "org.varlink.service.MethodNotFound": .methodNotFound(text("method"))
        case "org.varlink.service.MethodNotImplemented": .methodNotImplemented(text("method"))
        case "org.varlink.service.InvalidParameter": .invalidParameter(text("parameter"))
        case "org.varlink.service.ExpectedMore": .expectedMore
        case "org.varlink.service.PermissionDenied": .permissionDenied(action: "call this method", needs: "more rights")
        default: .unknown(name: name, parameters: JSONText.text(of: parameters))
        }
    }
}
