package import Domain

extension Verifier {
    /// Reads a verifier as `Verifier`'s own decoder does, with errors for people.
    /// - Throws: `.invalidArgument` whose argument is the member's path from `path`.
    package init(json: JSONValue, path: String = "verifier") throws(ControlError) {
        guard case .object(let members) = json else {
            throw .invalidArgument(
                argument: path, value: JSONText.text(of: json),
                remedy: "use an object such as {\"type\": \"exact\", ...}")
        }
        let type = try Self.text(members, "type", path, "exact, numeric, regex, json_schema, command or feedback")
        let allowed: [String: Set<String>] = [
            "exact": ["answer", "ignore_case"], "numeric": ["answer", "tolerance"], "regex": ["pattern"],
            "json_schema": ["schema"], "command": ["name", "arguments"], "feedback": [],
        ]
        guard let names = allowed[type] else {
            throw .invalidArgument(
                argument: "\(path).type", value: type,
                remedy: "use exact, numeric, regex, json_schema, command or feedback")
        }
        if let extra = members.keys.filter({ $0 != "type" && !names.contains($0) }).min() {
            throw .invalidArgument(
                argument: "\(path).\(extra)", value: JSONText.text(of: members[extra] ?? .null),
                remedy: names.isEmpty
                    ? "\(type) takes nothing" : "\(type) takes \(names.sorted().joined(separator: ", "))")
        }
        switch type {
        case "exact":
            let ignoresCase = members["ignore_case"] ?? .bool(false)
            guard let flag = ignoresCase.bool else {
                throw .invalidArgument(
                    argument: "\(path).ignore_case", value: JSONText.text(of: ignoresCase), remedy: "use true or false")
            }
            self = .exact(answer: try Self.text(members, "answer", path, "the expected text"), ignoresCase: flag)
        case "numeric":
            let tolerance = try Self.number(members["tolerance"] ?? .integer(0), "\(path).tolerance")
            guard tolerance >= 0 else {
                throw .invalidArgument(
                    argument: "\(path).tolerance", value: "\(tolerance)", remedy: "use a number >= 0")
            }
            self = .numeric(
                answer: try Self.number(members["answer"] ?? .null, "\(path).answer"), tolerance: tolerance)
        case "regex":
            self = .regex(pattern: try Self.text(members, "pattern", path, "a POSIX extended regular expression"))
        case "json_schema":
            guard let schema = members["schema"], schema.object != nil || schema.bool != nil else {
                throw .invalidArgument(
                    argument: "\(path).schema", value: JSONText.text(of: members["schema"] ?? .null),
                    remedy: "use a JSON schema, an object")
            }
            self = .jsonSchema(schema: schema)
        case "command":
            self = .command(
                name: try Self.text(members, "name", path, "the name of a verifier command in londid.conf"),
                arguments: members["arguments"] ?? .null)
        default: self = .feedback
        }
    }

    private static func text(
        _ members: [String: JSONValue], _ name: String, _ path: String, _ expected: String
    ) throws(ControlError) -> String {
        guard let text = members[name]?.string else {
            throw .invalidArgument(
                argument: "\(path).\(name)", value: members[name].map { JSONText.text(of: $0) } ?? "missing",
                remedy: "use a text: \(expected)")
        }
        return text
    }

    private static func number(_ value: JSONValue, _ path: String) throws(ControlError) -> Double {
        guard let number = value.number, number.isFinite else {
            throw .invalidArgument(
                argument: path, value: value == .null ? "missing" : JSONText.text(of: value), remedy: "use a number")
        }
        return number
    }
}
