/// How an answer becomes a reward. Written in a batch line as `"londi": {"verifier": {"type": "numeric", ...}}`.
package enum Verifier: Hashable, Sendable {
    /// Reward 1 where the answer, without the white space around it, is the same text; letter case counts unless told.
    case exact(answer: String, ignoresCase: Bool)
    /// Reward 1 where the last number in the answer differs from `answer` by at most `tolerance`.
    case numeric(answer: Double, tolerance: Double)
    /// Reward 1 where a POSIX extended regular expression, as in `grep -E`, matches somewhere in the answer.
    case regex(pattern: String)
    /// Reward 1 where the answer is JSON that satisfies the schema (the subset that the README lists).
    case jsonSchema(schema: JSONValue)
    /// The reward that a command named in londid.conf prints; `arguments` reach it as JSON.
    case command(name: String, arguments: JSONValue)
    /// The reward comes later, by `londictl feedback`.
    case feedback
}

extension Verifier: Codable {
    private enum CodingKeys: String, CodingKey {
        case type, answer, ignoreCase = "ignore_case", tolerance, pattern, schema, name, arguments
    }

    package init(from decoder: any Decoder) throws {
        let members = try decoder.container(keyedBy: CodingKeys.self)
        let type = try members.decode(String.self, forKey: .type)
        switch type {
        case "exact":
            self = .exact(
                answer: try members.decode(String.self, forKey: .answer),
                ignoresCase: try members.decodeIfPresent(Bool.self, forKey: .ignoreCase) ?? false)
        case "numeric":
            let answer = try members.decode(Double.self, forKey: .answer)
            let tolerance = try members.decodeIfPresent(Double.self, forKey: .tolerance) ?? 0
            guard answer.isFinite, tolerance.isFinite, tolerance >= 0 else {
                throw DecodingError.dataCorruptedError(
                    forKey: .tolerance, in: members, debugDescription: "tolerance must be a number >= 0")
            }
            self = .numeric(answer: answer, tolerance: tolerance)
        case "regex": self = .regex(pattern: try members.decode(String.self, forKey: .pattern))
        case "json_schema": self = .jsonSchema(schema: try members.decode(JSONValue.self, forKey: .schema))
        case "command":
            self = .command(
                name: try members.decode(String.self, forKey: .name),
                arguments: try members.decodeIfPresent(JSONValue.self, forKey: .arguments) ?? .null)
        case "feedback": self = .feedback
        default:
            throw DecodingError.dataCorruptedError(
                forKey: .type, in: members,
                debugDescription:
                    "'\(type)' is no verifier: use exact, numeric, regex, json_schema, command or feedback")
        }
    }

    package func encode(to encoder: any Encoder) throws {
        var members = encoder.container(keyedBy: CodingKeys.self)
        switch self {
        case .exact(let answer, let ignoresCase):
            try members.encode("exact", forKey: .type)
            try members.encode(answer, forKey: .answer)
            if ignoresCase { try members.encode(true, forKey: .ignoreCase) }
        case .numeric(let answer, let tolerance):
            try members.encode("numeric", forKey: .type)
            try members.encode(answer, forKey: .answer)
            try members.encode(tolerance, forKey: .tolerance)
        case .regex(let pattern):
            try members.encode("regex", forKey: .type)
            try members.encode(pattern, forKey: .pattern)
        case .jsonSchema(let schema):
            try members.encode("json_schema", forKey: .type)
            try members.encode(schema, forKey: .schema)
        case .command(let name, let arguments):
            try members.encode("command", forKey: .type)
            try members.encode(name, forKey: .name)
            try members.encode(arguments, forKey: .arguments)
        case .feedback: try members.encode("feedback", forKey: .type)
        }
    }
}
