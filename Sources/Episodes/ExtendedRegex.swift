import Domain
import Glibc

/// Whether a POSIX extended regular expression matches somewhere in a text, by glibc's regexec: the language of
/// `grep -E`. Without captures and back references it runs as an automaton, so no pattern that a user submits can make it
/// take exponential time, which a backtracking engine would allow.
enum ExtendedRegex {
    /// The longest pattern, in bytes.
    static let patternLimit = 1024
    /// The most characters of a pattern whose repetitions are written out, as glibc does in memory.
    private static let expandedLimit = 16_384

    /// REG_NOMATCH, of an enumeration that Swift does not import.
    private static let noMatch: Int32 = 1

    /// - Throws: `.regex` for a pattern that glibc refuses, is too long or refers back (`\1`).
    static func check(_ pattern: String) throws(VerificationError) {
        _ = try withCompiled(pattern) { _ in true }
    }

    /// - Throws: as `check`.
    static func matches(_ pattern: String, in text: String) throws(VerificationError) -> Bool {
        let status = try withCompiled(pattern) { expression in regexec(expression, text, 0, nil, 0) }
        guard status == 0 || status == noMatch else {
            throw .regex(pattern: pattern, problem: "it takes more memory than there is on this answer")
        }
        return status == 0
    }

    private static func withCompiled<Result>(
        _ pattern: String, _ body: (UnsafePointer<regex_t>) -> Result
    ) throws(VerificationError) -> Result {
        guard pattern.utf8.count <= patternLimit else {
            throw .regex(
                pattern: String(pattern.firstScalars(40)) + "...", problem: "it is longer than \(patternLimit) bytes")
        }
        if let letter = unknownEscape(in: pattern) {
            let hint = letter == "d" ? "use [0-9]" : "these are POSIX extended regular expressions, as in grep -E"
            throw .regex(pattern: pattern, problem: "\\\(letter) is not supported; \(hint)")
        }
        guard !hasHugeRepetition(pattern) else {
            throw .regex(pattern: pattern, problem: "a repetition count above 255 is not supported")
        }
        guard expandedSize(pattern) <= expandedLimit else {
            throw .regex(pattern: pattern, problem: "its repetitions of repetitions are too many")
        }
        var expression = regex_t()
        let status = regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB)
        guard status == 0 else {
            var message = [CChar](repeating: 0, count: 256)
            regerror(status, &expression, &message, message.count)
            throw .regex(
                pattern: pattern, problem: String(decoding: message.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self))
        }
        defer { regfree(&expression) }
        return body(&expression)
    }

    /// The first letter or digit behind a backslash that this language gives no meaning: glibc would take it as itself, so
    /// that Perl's `\d` would silently match a d; and a back reference would cost exponential time.
    private static func unknownEscape(in pattern: String) -> Unicode.Scalar? {
        var isEscaped = false
        for scalar in pattern.unicodeScalars {
            let isWord = scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            if isEscaped, isWord, !"wWsSbB".unicodeScalars.contains(scalar) { return scalar }
            isEscaped = !isEscaped && scalar == "\\"
        }
        return nil
    }

    /// glibc expands `x{n}` n times, and nested ones multiply: memory is bounded by bounding the product.
    private static func hasHugeRepetition(_ pattern: String) -> Bool {
        var product = 1
        for part in pattern.unicodeScalars.split(separator: "{").dropFirst() {
            product *= max(1, min(greatestBound(part) ?? 1, 100_000))
            if product > 255 { return true }
        }
        return false
    }

    /// The greatest of the numbers that stand before the closing brace, separated by commas.
    private static func greatestBound(_ braces: Substring.UnicodeScalarView) -> Int? {
        let scalars = braces.prefix { scalar in scalar != "}" }
        return scalars.split(separator: ",").compactMap { Int(Substring($0)) }.max()
    }

    /// How long the pattern becomes in glibc's hands, which makes `xx*` of `x+`: each repetition of a repetition doubles it.
    /// Stops counting beyond the limit.
    private static func expandedSize(_ pattern: String) -> Int {
        // The groups that are open, each as long as it is so far, and the last thing in the innermost.
        var groups = [0]
        var last = 0
        func add(_ size: Int) {
            last = size
            groups[groups.count - 1] += size
        }
        func repeatLast(_ times: Int) {
            groups[groups.count - 1] = min(groups[groups.count - 1] + last * (times - 1), expandedLimit + 1)
            last = min(last * times, expandedLimit + 1)
        }
        var rest = Substring(pattern).unicodeScalars
        while let scalar = rest.popFirst() {
            switch scalar {
            case "\\":
                rest = rest.dropFirst()
                add(1)
            case "[":
                if let first = rest.first, first == "^" { rest.removeFirst() }
                rest = rest.dropFirst().drop { scalar in scalar != "]" }.dropFirst()
                add(1)
            case "(":
                groups.append(0)
                last = 0
            case ")" where groups.count > 1: add(groups.removeLast())
            case "|": last = 0
            case "+": repeatLast(2)
            case "{":
                repeatLast(1 + (greatestBound(rest) ?? 1))
                rest = rest.drop { scalar in scalar != "}" }.dropFirst()
            case "*", "?": break
            default: add(UTF8.width(scalar))
            }
        }
        return groups.reduce(0) { min($0 + $1, expandedLimit + 1) }
    }
}
