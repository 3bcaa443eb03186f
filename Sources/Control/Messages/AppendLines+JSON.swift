import Domain

/// The parameters of a call that has its own way to and from JSON, because their general way costs more than what the
/// call is for.
protocol QuickJSON {
    /// What `JSONText.encode` would write.
    var jsonBytes: [UInt8] { get }

    /// nil for all that is not plainly right: the general way then says what is wrong.
    init?(json: JSONValue)
}

extension QuickJSON {
    /// nil where the general way must look.
    static func value(of bytes: [UInt8]) -> Self? {
        do throws(JSONError) { return Self(json: try JSONReader.value(of: bytes)) } catch { return nil }
    }
}

/// A large batch file comes through here, a thousand lines at a time.
extension AppendLines.Parameters: QuickJSON {
    var jsonBytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.reduce(128) { $0 + $1.utf8.count + $1.utf8.count / 8 + 3 })
        bytes.append(contentsOf: "{\"batch\":\"\(batch)\",\"firstLine\":\(firstLine),\"lines\":[".utf8)
        for (index, line) in lines.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            bytes.appendEscaped(line)
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(contentsOf: "]}".utf8)
        return bytes
    }

    init?(json: JSONValue) {
        guard let text = json["batch"]?.string, let batch = BatchID(parsing: text),
            let first = json["firstLine"]?.integer, let firstLine = Int(exactly: first),
            let items = json["lines"]?.array
        else { return nil }
        var lines: [String] = []
        lines.reserveCapacity(items.count)
        for item in items {
            guard let line = item.string else { return nil }
            lines.append(line)
        }
        self.init(batch: batch, firstLine: firstLine, lines: lines)
    }
}

extension [UInt8] {
    /// Appends what stands between a JSON string's quotes.
    mutating func appendEscaped(_ text: String) {
        var rest = text
        rest.withUTF8 { content in
            var start = 0
            for index in 0..<content.count {
                let byte = content[index]
                if byte >= 0x20, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\") { continue }
                append(contentsOf: content[start..<index])
                append(contentsOf: Self.escape(byte).utf8)
                start = index + 1
            }
            append(contentsOf: content[start...])
        }
    }

    private static func escape(_ byte: UInt8) -> String {
        switch byte {
        case UInt8(ascii: "\""): "\\\""
        case UInt8(ascii: "\\"): "\\\\"
        case 0x08: "\\b"
        case 0x09: "\\t"
        case 0x0a: "\\n"
        case 0x0c: "\\f"
        case 0x0d: "\\r"
        default: "\\u00" + String(byte >> 4, radix: 16) + String(byte & 15, radix: 16)
        }
    }
}
