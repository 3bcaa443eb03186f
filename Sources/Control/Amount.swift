import Domain

/// Amounts as people type them: `30/day`, `20k/day`, `600.5/day`, `90s`, `2h`.
package enum Amount {
    /// A day's limit in whole units, or nil for `none`. `k` and `M` stand for thousands and millions.
    /// - Throws: `.invalidArgument` that names `argument`.
    package static func perDay(_ text: String, argument: String) throws(ControlError) -> Int64? {
        try daily(text, unit: 1, argument: argument, example: "30/day, 20k/day or none")
    }

    /// A day's limit in seconds, as milliseconds; nil for `none`.
    /// - Throws: `.invalidArgument` that names `argument`.
    package static func secondsPerDay(_ text: String, argument: String) throws(ControlError) -> Int64? {
        try daily(text, unit: 1000, argument: argument, example: "600/day, 0.5/day or none")
    }

    /// A length of time in milliseconds: a number of seconds, or one with `ms`, `s`, `m`, `h` or `d` behind it.
    /// - Throws: `.invalidArgument` that names `argument`.
    package static func milliseconds(_ text: String, argument: String) throws(ControlError) -> Int64 {
        let units: [(String, Double)] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)]
        let unit = units.first { text.ends(with: $0.0) } ?? ("", 1000)
        guard let value = plainNumber(text.before(unit.0) ?? ""), value * unit.1 < 1e15 else {
            throw .invalidArgument(argument: argument, value: text, remedy: "use 90, 90s, 10m, 2h or 1d")
        }
        return Int64((value * unit.1).rounded())
    }

    private static func daily(
        _ text: String, unit: Double, argument: String, example: String
    ) throws(ControlError) -> Int64? {
        if text == "none" { return nil }
        var number = text.before("/day") ?? text[...]
        var factor = unit
        if let thousands = number.before("k") {
            number = thousands
            factor *= 1000
        } else if let millions = number.before("M") {
            number = millions
            factor *= 1_000_000
        }
        guard let value = plainNumber(number), let amount = Int64(exactly: (value * factor * 1e6).rounded() / 1e6),
            amount <= 1_000_000_000_000_000
        else { throw .invalidArgument(argument: argument, value: text, remedy: "use \(example)") }
        return amount
    }

    /// Digits with at most one point among them: no sign, no exponent, no `inf`, no `1.`.
    private static func plainNumber(_ text: Substring) -> Double? {
        guard !text.isEmpty, !text.begins(with: "."), !text.ends(with: "."),
            text.utf8.allSatisfy({ $0 == 0x2e || (0x30...0x39).contains($0) })
        else { return nil }
        return Double(String(text))
    }
}
