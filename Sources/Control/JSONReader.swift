package import Domain

/// Why a text is not JSON: what was met and where, counted in bytes from 1.
package struct JSONError: Error, Equatable, CustomStringConvertible {
    package let column: Int
    package let what: String

    package var description: String { "not JSON at column \(column): \(what)" }
}

/// Reads JSON (RFC 8259) from bytes in one pass, strictly: one value, valid UTF-8, no member twice, a limited depth.
/// JSONDecoder tells no position in a way that people can use, and takes ten times as long on a batch line.
package struct JSONReader {
    /// The deepest nesting that is read. Deeper values would endanger the stack of whoever walks them.
    package static let depthLimit = 64

    private let bytes: UnsafeBufferPointer<UInt8>
    private let valueLimit: Int
    private var position = 0
    private var valueCount = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>, valueLimit: Int = .max) {
        self.bytes = bytes
        self.valueLimit = valueLimit
    }

    /// The one value that `text` holds.
    /// - Parameter valueLimit: a text with more values in values is refused there.
    package static func value(of text: String, valueLimit: Int = .max) throws(JSONError) -> JSONValue {
        var text = text
        let result: Result<JSONValue, JSONError> = text.withUTF8 { read($0, valueLimit) }
        return try result.get()
    }

    /// The one value that `bytes` hold.
    package static func value(of bytes: [UInt8]) throws(JSONError) -> JSONValue {
        let result: Result<JSONValue, JSONError> = bytes.withUnsafeBufferPointer { read($0, .max) }
        return try result.get()
    }

    /// The top-level members of an object and the byte ranges of their values, unread but checked for nesting, strings
    /// and depth: what a frame needs before anybody knows the type of its parameters.
    static func members(of bytes: [UInt8]) throws(JSONError) -> [String: Range<Int>] {
        let result: Result<[String: Range<Int>], JSONError> = bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(buffer)
            do throws(JSONError) { return .success(try reader.readRanges()) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func read(
        _ buffer: UnsafeBufferPointer<UInt8>, _ valueLimit: Int
    ) -> Result<JSONValue, JSONError> {
        var reader = JSONReader(buffer, valueLimit: valueLimit)
        do throws(JSONError) {
            let value = try reader.readValue(depth: 0)
            try reader.expectEnd()
            return .success(value)
        } catch { return .failure(error) }
    }

    private mutating func readValue(depth: Int) throws(JSONError) -> JSONValue {
        guard depth <= Self.depthLimit else { throw fail("nested deeper than \(Self.depthLimit)") }
        valueCount += 1
        guard valueCount <= valueLimit else {
            throw fail("there are more than \(valueLimit) members and items, the limit")
        }
        skipSpace()
        switch peek {
        case UInt8(ascii: "{"): return .object(try readObject(depth: depth))
        case UInt8(ascii: "["): return .array(try readArray(depth: depth))
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        case .some(UInt8(ascii: "0")...UInt8(ascii: "9")), UInt8(ascii: "-"): return try readNumber()
        default: throw fail("a value was expected, found \(found)")
        }
    }

    private mutating func readObject(depth: Int) throws(JSONError) -> [String: JSONValue] {
        position += 1
        var members: [String: JSONValue] = [:]
        skipSpace()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            let key = try readKey()
            let value = try readValue(depth: depth + 1)
            if let other = members.index(forKey: key) { throw repeated(key, members[other].key) }
            members[key] = value
            skipSpace()
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { throw fail("',' or '}' was expected, found \(found)") }
        }
    }

    private mutating func readArray(depth: Int) throws(JSONError) -> [JSONValue] {
        position += 1
        var items: [JSONValue] = []
        skipSpace()
        if take(UInt8(ascii: "]")) { return items }
        while true {
            items.append(try readValue(depth: depth + 1))
            skipSpace()
            if take(UInt8(ascii: "]")) { return items }
            guard take(UInt8(ascii: ",")) else { throw fail("',' or ']' was expected, found \(found)") }
        }
    }

    private mutating func readKey() throws(JSONError) -> String {
        skipSpace()
        guard peek == UInt8(ascii: "\"") else { throw fail("a member's name in quotes was expected, found \(found)") }
        let key = try readString()
        skipSpace()
        guard take(UInt8(ascii: ":")) else { throw fail("':' was expected after '\(key)', found \(found)") }
        return key
    }

    private mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = position
        var isInteger = true
        _ = take(UInt8(ascii: "-"))
        let firstDigit = peek
        guard skipDigits() > 0 else { throw fail("a digit was expected, found \(found)") }
        if firstDigit == UInt8(ascii: "0"), position > start + (bytes[start] == UInt8(ascii: "-") ? 2 : 1) {
            throw fail("a number does not begin with 0")
        }
        if take(UInt8(ascii: ".")) {
            isInteger = false
            guard skipDigits() > 0 else { throw fail("a digit was expected after '.', found \(found)") }
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            isInteger = false
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            guard skipDigits() > 0 else { throw fail("a digit was expected in the exponent, found \(found)") }
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, let number = Int64(text) { return .integer(number) }
        guard let number = Double(text), number.isFinite else { throw fail("\(text) is out of range") }
        return .number(number)
    }

    private mutating func readString() throws(JSONError) -> String {
        let start = position + 1
        var isPlain = true
        try skipString(isPlain: &isPlain)
        let content = UnsafeBufferPointer(rebasing: bytes[start..<position - 1])
        if isPlain, let text = String(validating: content, as: UTF8.self) { return text }
        return try JSONEscapes.text(of: content, column: start + 1)
    }

    /// Moves behind the closing quote.
    private mutating func skipString(isPlain: inout Bool) throws(JSONError) {
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"):
                isPlain = false
                position += 2
            case 0..<0x20: throw fail("a control character stands unescaped in a string")
            default: position += 1
            }
        }
        position = bytes.count
        throw fail("a string does not end")
    }

    private mutating func readRanges() throws(JSONError) -> [String: Range<Int>] {
        skipSpace()
        guard take(UInt8(ascii: "{")) else { throw fail("an object was expected, found \(found)") }
        var ranges: [String: Range<Int>] = [:]
        skipSpace()
        if !take(UInt8(ascii: "}")) {
            while true {
                let key = try readKey()
                skipSpace()
                let start = position
                try skipValue()
                if let other = ranges.index(forKey: key) { throw repeated(key, ranges[other].key) }
                ranges[key] = start..<position
                skipSpace()
                if take(UInt8(ascii: "}")) { break }
                guard take(UInt8(ascii: ",")) else { throw fail("',' or '}' was expected, found \(found)") }
            }
        }
        try expectEnd()
        return ranges
    }

    /// Moves behind one value without reading it; its decoder finds what else is wrong with it.
    private mutating func skipValue() throws(JSONError) {
        var depth = 0
        var isPlain = true
        repeat {
            switch peek {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                guard depth <= Self.depthLimit else { throw fail("nested deeper than \(Self.depthLimit)") }
                position += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                guard depth > 0 else { throw fail("a value was expected, found \(found)") }
                depth -= 1
                position += 1
            case UInt8(ascii: "\""): try skipString(isPlain: &isPlain)
            case nil: throw fail("the value does not end")
            case UInt8(ascii: ",") where depth == 0: throw fail("a value was expected, found ','")
            default: depth == 0 ? skipScalar() : (position += 1)
            }
        } while depth > 0
    }

    private mutating func skipScalar() {
        while let byte = peek, byte != UInt8(ascii: ","), byte != UInt8(ascii: "}"), byte > 0x20 { position += 1 }
    }

    private var peek: UInt8? { position < bytes.count ? bytes[position] : nil }
    private var found: String {
        guard let byte = peek else { return "the end" }
        return (0x20..<0x7f).contains(byte) ? "'\(UnicodeScalar(byte))'" : "byte \(byte)"
    }

    private func fail(_ what: String) -> JSONError { JSONError(column: min(position, bytes.count) + 1, what: what) }

    /// Names that are only equivalent are refused too: most readers take one of the members for the other.
    private func repeated(_ key: String, _ other: String) -> JSONError {
        fail(
            key.isIdentical(to: other)
                ? "member '\(key)' occurs twice"
                : "member '\(key)' occurs twice, in two Unicode forms of one name; give one of them another name")
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func literal(_ text: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<text.utf8CodeUnitCount where !take(text.utf8Start[index]) {
            throw fail("\(text) was expected, found \(found)")
        }
        return value
    }

    private mutating func skipDigits() -> Int {
        let start = position
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        return position - start
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func expectEnd() throws(JSONError) {
        skipSpace()
        guard position == bytes.count else { throw fail("more follows after the value: \(found)") }
    }
}
