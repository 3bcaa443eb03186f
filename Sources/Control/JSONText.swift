import FoundationEssentials

/// JSON to and from our message types: sorted members, no escaped slashes, so that the same value is the same text.
package enum JSONText {
    /// One value on one line.
    /// - Throws: `.unavailable` for a number that JSON cannot hold.
    package static func encode(_ value: some Encodable) throws(ControlError) -> [UInt8] {
        if let quick = value as? any QuickJSON { return quick.jsonBytes }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do { return Array(try encoder.encode(value)) } catch {
            throw .unavailable(what: "\(type(of: value)) cannot be written as JSON: \(error)")
        }
    }

    /// One value on one line.
    /// - Precondition: every number in it is finite (traps).
    package static func text(of value: some Encodable) -> String {
        do { return String(decoding: try encode(value), as: UTF8.self) } catch { fatalError(error.description) }
    }

    /// - Throws: what is wrong and where, as `path: reason`.
    package static func decode<Value: Decodable>(
        _ type: Value.Type, from bytes: some Collection<UInt8>
    ) throws(ControlError) -> Value {
        if let quick = type as? any QuickJSON.Type, let value = quick.value(of: Array(bytes)) as? Value { return value }
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch let error as DecodingError {
            throw .invalidParameter(describe(error))
        } catch { throw .invalidParameter("\(error)") }
    }

    private static func describe(_ error: DecodingError) -> String {
        func path(_ keys: [any CodingKey]) -> String {
            keys.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
        }
        func at(_ context: DecodingError.Context, _ what: String) -> String {
            context.codingPath.isEmpty ? what : "\(path(context.codingPath)): \(what)"
        }
        return switch error {
        case .keyNotFound(let key, let context): "\(path(context.codingPath + [key])): it is missing"
        case .valueNotFound(_, let context): at(context, "it must not be null")
        case .typeMismatch(let type, let context): at(context, "a value of type \(type) was expected")
        case .dataCorrupted(let context): at(context, context.debugDescription)
        @unknown default: "\(error)"
        }
    }
}
