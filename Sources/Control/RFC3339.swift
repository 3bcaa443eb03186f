package import Domain

/// Instants as people and batch lines write them: `2026-11-23T10:00:00Z`, with a fraction or an offset if wanted.
package enum RFC3339 {
    /// - Throws: `.invalidArgument` with `argument` in it; an instant without `Z` or an offset means nothing.
    package static func parse(_ text: String, argument: String) throws(ControlError) -> Timestamp {
        guard let instant = instant(text) else {
            throw .invalidArgument(
                argument: argument, value: text, remedy: "use 2026-11-23T10:00:00Z or 2026-11-23T11:00:00+01:00")
        }
        return instant
    }

    private static func instant(_ text: String) -> Timestamp? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 20, let day = DayKey(parsing: text.firstScalars(10)),
            bytes[10] == UInt8(ascii: "T") || bytes[10] == UInt8(ascii: " "), bytes[13] == UInt8(ascii: ":"),
            bytes[16] == UInt8(ascii: ":"), let hour = number(bytes[11..<13], 0...23),
            let minute = number(bytes[14..<16], 0...59), let second = number(bytes[17..<19], 0...59)
        else { return nil }
        var rest = bytes[19...]
        var milliseconds: Int64 = 0
        if rest.first == UInt8(ascii: ".") {
            let digits = rest.dropFirst().prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard !digits.isEmpty, let value = number(digits.prefix(3), 0...999) else { return nil }
            milliseconds = digits.count >= 3 ? value : digits.count == 2 ? value * 10 : value * 100
            rest = rest.dropFirst(1 + digits.count)
        }
        guard let offset = offsetMinutes(rest) else { return nil }
        let seconds = day.daysSinceEpoch * 86_400 + hour * 3600 + minute * 60 + second - offset * 60
        return Timestamp(milliseconds: seconds * 1000 + milliseconds)
    }

    private static func offsetMinutes(_ text: ArraySlice<UInt8>) -> Int64? {
        if text.elementsEqual("Z".utf8) || text.elementsEqual("z".utf8) { return 0 }
        let start = text.startIndex
        guard text.count == 6, text[start + 3] == UInt8(ascii: ":"),
            let hours = number(text[start + 1..<start + 3], 0...23),
            let minutes = number(text[start + 4..<start + 6], 0...59)
        else { return nil }
        switch text[start] {
        case UInt8(ascii: "+"): return hours * 60 + minutes
        case UInt8(ascii: "-"): return -(hours * 60 + minutes)
        default: return nil
        }
    }

    private static func number(_ digits: ArraySlice<UInt8>, _ range: ClosedRange<Int64>) -> Int64? {
        guard digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let value = Int64(String(decoding: digits, as: UTF8.self)), range.contains(value)
        else { return nil }
        return value
    }

    /// UTC, to the second: `2026-11-23T10:00:00Z`.
    package static func text(of instant: Timestamp) -> String {
        let seconds = instant.milliseconds >= 0 ? instant.milliseconds / 1000 : (instant.milliseconds - 999) / 1000
        let days = seconds >= 0 ? seconds / 86_400 : (seconds - 86_399) / 86_400
        let second = seconds - days * 86_400
        func two(_ value: Int64) -> String { value < 10 ? "0\(value)" : "\(value)" }
        return "\(DayKey(daysSinceEpoch: days))T\(two(second / 3600)):\(two(second / 60 % 60)):\(two(second % 60))Z"
    }
}
