/// Texts of unknown origin, made safe for a terminal.
enum Plain {
    /// Control characters become `?`, or spaces where they are white space; new lines stay where `keepsLines` says so.
    static func text(_ text: String, keepsLines: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0a where keepsLines: result.append(scalar)
            case 0x09, 0x0a, 0x0d: result.append(" ")
            case 0..<0x20, 0x7f..<0xa0: result.append("?")
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// How many cells of a terminal a text takes.
    static func width(of text: String) -> Int {
        // Most texts, and then one byte is one cell.
        if text.utf8.allSatisfy({ $0 < 0x80 }) { return text.utf8.count }
        return text.unicodeScalars.reduce(0) { $0 + width(of: $1) }
    }

    /// The text in at most `width` cells, the last of them an ellipsis where something was cut off.
    static func cut(_ text: String, to width: Int) -> String {
        guard self.width(of: text) > width else { return text }
        var (result, taken) = (String.UnicodeScalarView(), 0)
        for scalar in text.unicodeScalars {
            taken += self.width(of: scalar)
            if taken > width - 1 { break }
            result.append(scalar)
        }
        return String(result) + "…"
    }

    /// Marks on other letters, joiners and variation selectors take no cell.
    /// - Source: Unicode Standard Annex 11, the ranges of wide characters in short.
    private static func width(of scalar: Unicode.Scalar) -> Int {
        let wide: [ClosedRange<UInt32>] = [
            0x1100...0x115f, 0x2e80...0x303e, 0x3041...0xa4cf, 0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f,
            0xff00...0xff60, 0xffe0...0xffe6, 0x1f300...0x1f64f, 0x1f900...0x1f9ff, 0x20000...0x3fffd,
        ]
        guard scalar.value >= 0x300 else { return 1 }
        if [.nonspacingMark, .enclosingMark].contains(scalar.properties.generalCategory)
            || (0x200b...0x200f).contains(scalar.value)
        {
            return 0
        }
        return wide.contains { $0.contains(scalar.value) } ? 2 : 1
    }
}
