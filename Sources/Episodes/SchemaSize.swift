import Domain

/// How large a verifier's schema may be: whoever judges by it reads all of it for each answer.
enum SchemaSize {
    /// Of its text as it is kept, in bytes.
    static let byteLimit = 256 * 1024
    /// Values in it: members of objects, items of lists, and itself.
    static let valueLimit = 20_000
    /// Of values in values.
    static let depthLimit = 64

    /// - Throws: `.schema` that names the limit. Looks no further than the limits, at a cost that is linear.
    static func check(_ schema: JSONValue) throws(VerificationError) {
        var count = (values: 0, bytes: 0)
        try add(schema, depth: 0, to: &count)
    }

    private static func add(
        _ value: JSONValue, depth: Int, to count: inout (values: Int, bytes: Int)
    ) throws(VerificationError) {
        count.values += 1
        count.bytes += 1
        switch value {
        case .string(let text): count.bytes += text.utf8.count + 2
        case .object(let members):
            for name in members.keys { count.bytes += name.utf8.count + 3 }
        case .array, .null, .bool, .integer, .number: count.bytes += 1
        }
        guard depth <= depthLimit else { throw tooLarge("nests deeper than \(depthLimit) levels") }
        guard count.values <= valueLimit else { throw tooLarge("has more than \(valueLimit) values") }
        guard count.bytes <= byteLimit else { throw tooLarge("is longer than \(byteLimit) bytes") }
        switch value {
        case .object(let members):
            for member in members.values { try add(member, depth: depth + 1, to: &count) }
        case .array(let items):
            for item in items { try add(item, depth: depth + 1, to: &count) }
        case .string, .null, .bool, .integer, .number: break
        }
    }

    private static func tooLarge(_ what: String) -> VerificationError {
        .schema(path: "$", problem: "it \(what), the limit; leave out what the answers do not need")
    }
}
