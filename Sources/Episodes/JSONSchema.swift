import Domain

/// The subset of JSON Schema (draft 2020-12) that verifiers understand: `type enum const properties required
/// additionalProperties items minItems maxItems minLength maxLength minimum maximum exclusiveMinimum exclusiveMaximum
/// anyOf allOf oneOf not`, and the annotations `title description default examples $schema $id $comment`, which say
/// nothing. Any other keyword is refused at submission: a keyword that is silently skipped would judge wrongly.
enum JSONSchema {
    /// How deeply schemas nest.
    static let depthLimit = 32

    /// - Throws: `.schema` naming the place and the problem.
    static func check(_ schema: JSONValue, at path: String = "$", depth: Int = 0) throws(VerificationError) {
        guard depth < depthLimit else {
            throw .schema(path: path, problem: "it nests deeper than \(depthLimit) levels")
        }
        if schema.bool != nil { return }
        guard let members = schema.object else {
            throw .schema(path: path, problem: "a schema is an object, true or false")
        }
        for (keyword, value) in members.sorted(by: { $0.key < $1.key }) {
            try check(keyword, value, at: "\(path).\(keyword)", depth: depth)
        }
    }

    private static func check(
        _ keyword: String, _ value: JSONValue, at path: String, depth: Int
    ) throws(VerificationError) {
        switch keyword {
        case "title", "description", "default", "examples", "$schema", "$id", "$comment", "const": return
        case "type":
            let names = value.string.map { [$0] } ?? value.array?.compactMap(\.string) ?? []
            guard !names.isEmpty, names.allSatisfy(typeNames.contains) else {
                throw .schema(
                    path: path, problem: "it must be one or more of \(typeNames.sorted().joined(separator: ", "))")
            }
        case "enum":
            guard value.array != nil else { throw .schema(path: path, problem: "it must be a list") }
        case "required":
            guard let names = value.array, names.allSatisfy({ $0.string != nil }) else {
                throw .schema(path: path, problem: "it must be a list of names")
            }
        case "properties":
            guard let properties = value.object else { throw .schema(path: path, problem: "it must be an object") }
            for (name, schema) in properties.sorted(by: { $0.key < $1.key }) {
                try check(schema, at: "\(path).\(name)", depth: depth + 1)
            }
        case "items", "additionalProperties", "not": try check(value, at: path, depth: depth + 1)
        case "anyOf", "allOf", "oneOf":
            guard let schemas = value.array, !schemas.isEmpty else {
                throw .schema(path: path, problem: "it must be a list of schemas, not empty")
            }
            for (index, schema) in schemas.enumerated() { try check(schema, at: "\(path)[\(index)]", depth: depth + 1) }
        case "minItems", "maxItems", "minLength", "maxLength":
            guard let count = value.integer, count >= 0 else {
                throw .schema(path: path, problem: "it must be a whole number >= 0")
            }
        case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
            guard value.number != nil else { throw .schema(path: path, problem: "it must be a number") }
        default: throw .schema(path: path, problem: "this keyword is not supported")
        }
    }

    private static let typeNames: Set<String> = ["null", "boolean", "integer", "number", "string", "array", "object"]

    /// Whether `value` satisfies `schema`, which passed `check`.
    static func accepts(_ value: JSONValue, _ schema: JSONValue) -> Bool {
        if let flag = schema.bool { return flag }
        guard let members = schema.object else { return false }
        return members.allSatisfy { keyword, operand in accepts(value, keyword, operand, in: members) }
    }

    private static func accepts(
        _ value: JSONValue, _ keyword: String, _ operand: JSONValue, in schema: [String: JSONValue]
    ) -> Bool {
        switch keyword {
        case "type":
            return (operand.string.map { [$0] } ?? operand.array?.compactMap(\.string) ?? []).contains {
                has(value, type: $0)
            }
        case "enum": return (operand.array ?? []).contains { equal($0, value) }
        case "const": return equal(operand, value)
        case "anyOf": return (operand.array ?? []).contains { accepts(value, $0) }
        case "allOf": return (operand.array ?? []).allSatisfy { accepts(value, $0) }
        case "oneOf": return (operand.array ?? []).count(where: { accepts(value, $0) }) == 1
        case "not": return !accepts(value, operand)
        default: break
        }
        // The other keywords speak of one type and are satisfied by every value of another.
        switch value {
        case .object(let members): return accepts(members: members, keyword, operand, in: schema)
        case .array(let items):
            switch keyword {
            case "items": return items.allSatisfy { accepts($0, operand) }
            case "minItems": return items.count >= operand.integer ?? 0
            case "maxItems": return items.count <= operand.integer ?? .max
            default: return true
            }
        case .string(let text):
            switch keyword {
            case "minLength": return text.unicodeScalars.count >= operand.integer ?? 0
            case "maxLength": return text.unicodeScalars.count <= operand.integer ?? .max
            default: return true
            }
        case .integer, .number:
            guard let number = value.number, let bound = operand.number else { return true }
            switch keyword {
            case "minimum": return number >= bound
            case "maximum": return number <= bound
            case "exclusiveMinimum": return number > bound
            case "exclusiveMaximum": return number < bound
            default: return true
            }
        case .null, .bool: return true
        }
    }

    private static func accepts(
        members: [String: JSONValue], _ keyword: String, _ operand: JSONValue, in schema: [String: JSONValue]
    ) -> Bool {
        switch keyword {
        case "properties":
            return (operand.object ?? [:]).allSatisfy { name, schema in
                members[name].map { accepts($0, schema) } ?? true
            }
        case "required": return (operand.array ?? []).allSatisfy { members[$0.string ?? ""] != nil }
        case "additionalProperties":
            let known = schema["properties"]?.object ?? [:]
            return members.allSatisfy { name, value in known[name] != nil || accepts(value, operand) }
        default: return true
        }
    }

    private static func has(_ value: JSONValue, type: String) -> Bool {
        switch value {
        case .null: type == "null"
        case .bool: type == "boolean"
        case .integer: type == "integer" || type == "number"
        case .number(let number): type == "number" || (type == "integer" && number.rounded() == number)
        case .string: type == "string"
        case .array: type == "array"
        case .object: type == "object"
        }
    }

    /// JSON Schema compares numbers by value: 1 and 1.0 are equal, also inside arrays and objects.
    private static func equal(_ left: JSONValue, _ right: JSONValue) -> Bool {
        switch (left, right) {
        case (.array(let left), .array(let right)): left.count == right.count && zip(left, right).allSatisfy(equal)
        case (.object(let left), .object(let right)):
            left.count == right.count && left.allSatisfy { key, value in right[key].map { equal(value, $0) } ?? false }
        case (.string(let left), .string(let right)): left.isIdentical(to: right)
        default:
            if let left = left.number, let right = right.number { left == right } else { left == right }
        }
    }
}
