import Domain

/// Comma-separated values.
/// - Source: RFC 4180.
enum CSV {
    /// One record with its line end. A field is quoted where it has to be, and quotes in it are doubled.
    static func record(_ fields: [String]) -> String {
        fields.map { field in
            let isPlain = field.utf8.allSatisfy { ![UInt8(ascii: ","), UInt8(ascii: "\""), 0x0d, 0x0a].contains($0) }
            return isPlain ? field : "\"" + field.substituting("\"\"", for: "\"") + "\""
        }.joined(separator: ",") + "\r\n"
    }
}
