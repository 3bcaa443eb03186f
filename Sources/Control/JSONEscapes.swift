/// The part of a JSON string between its quotes, with its escapes resolved.
enum JSONEscapes {
    /// - Parameter column: where `content` begins in its text, from 1.
    static func text(of content: UnsafeBufferPointer<UInt8>, column: Int) throws(JSONError) -> String {
        var result: [UInt8] = []
        result.reserveCapacity(content.count)
        var position = 0
        while position < content.count {
            let byte = content[position]
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                position += 1
                continue
            }
            let start = position
            guard position + 1 < content.count else { throw JSONError(column: column + start, what: "a lone '\\'") }
            position += 2
            switch content[position - 1] {
            case UInt8(ascii: "\""): result.append(UInt8(ascii: "\""))
            case UInt8(ascii: "\\"): result.append(UInt8(ascii: "\\"))
            case UInt8(ascii: "/"): result.append(UInt8(ascii: "/"))
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0c)
            case UInt8(ascii: "n"): result.append(0x0a)
            case UInt8(ascii: "r"): result.append(0x0d)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = scalar(in: content, at: &position) else {
                    throw JSONError(column: column + start, what: "\\u needs four hexadecimal digits and a whole pair")
                }
                result.append(contentsOf: UTF8.encode(scalar).map(Array.init) ?? [])
            default:
                let scalar = UnicodeScalar(content[position - 1])
                throw JSONError(column: column + start, what: "'\\\(scalar)' is no escape")
            }
        }
        guard let text = String(validating: result, as: UTF8.self) else {
            throw JSONError(column: column, what: "a string is not UTF-8")
        }
        return text
    }

    /// The scalar of `XXXX` or of the pair `XXXX\uXXXX`; moves behind it. nil for half a pair.
    private static func scalar(in content: UnsafeBufferPointer<UInt8>, at position: inout Int) -> Unicode.Scalar? {
        guard let first = unit(in: content, at: &position) else { return nil }
        guard (0xd800..<0xdc00).contains(first) else { return Unicode.Scalar(first) }
        guard position + 1 < content.count, content[position] == UInt8(ascii: "\\"),
            content[position + 1] == UInt8(ascii: "u")
        else { return nil }
        position += 2
        guard let second = unit(in: content, at: &position), (0xdc00..<0xe000).contains(second) else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
    }

    private static func unit(in content: UnsafeBufferPointer<UInt8>, at position: inout Int) -> UInt32? {
        guard position + 4 <= content.count else { return nil }
        var value: UInt32 = 0
        for byte in content[position..<position + 4] {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        position += 4
        return value
    }
}
