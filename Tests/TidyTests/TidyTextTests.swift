import Foundation
import Testing

/// Text that decides about syntax, safety or size is compared by bytes or unicode scalars, never by Characters.
///
/// U+0600 before a mark, or U+0301 behind it, makes another Character of it, and CR LF is one: what searches for
/// Characters does not find the mark, while a browser, a shell, glibc or systemd does. Domain's `ScalarText` has what
/// takes the place of each of these.
@Suite struct TidyText {
    /// What works on Characters. The first group, where it takes part, makes the match harmless.
    private static let patterns = [
        #"()?\bCharacter\b"#, #"()?\.has(?:Prefix|Suffix)\("#, #"()?\.isNewline\b"#,
        #"(\.properties)?\.is(?:Whitespace|Letter|Number|WholeNumber|HexDigit|Punctuation|Symbol|Cased)\b"#,
        #"(\.properties)?\.is(?:Uppercase|Lowercase)\b"#, #"()?\.(?:upper|lower)cased\(\)"#,
        #"()?\.(?:ranges|firstRange|range)\(of:"#, #"()?\.replacing\("#, #"()?\.trimming(?:Prefix|Characters)"#,
        #"([sS]calars|utf8|bytes)?\.split\b"#, #"([sS]calars)?\.contains\("(?:\\?.|\\u\{\w+\})"\)"#,
        #"([sS]calars)?\.(?:first|last)Index\(of: ""#,
        #"([sS]calars)?\.(?:first|last) [!=]= "(?:\\?.|\\u\{\w+\})""#, #"()?\$0 [!=]= "(?:\\?.|\\u\{\w+\})""#,
    ]
    private static let markCase = #"case "(?:\\?.|\\u\{\w+\})""#

    /// Lines that work on Characters rightly: the file, a part of the line, and why.
    private static let allowed: [(file: String, code: String, reason: String)] = [
        ("ConfigurationLoader.swift", #"reader.text("Sha256")?.lowercased()"#, "checked for ASCII digits right after"),
        ("ModelFile.swift", "engine.sha256?.lowercased()", "hexadecimal digits of ASCII only"),
        ("BatchIntake.swift", "sha256.lowercased()", "compared with hexadecimal digits: no other text becomes one"),
        ("MetricsText.swift", "title.lowercased()", "a literal of londid's own"),
        ("Listing.swift", "$0.key.uppercased()", "a literal of londictl's own"),
        ("FirstSteps.swift", "answer.lowercased()", "a person's yes or no"),
        ("Judge.swift", "left.lowercased() == right.lowercased()", "answers are compared as Unicode texts"),
        ("JudgeProgram.swift", "result.output.split(separator: 0x0a)", "bytes"),
        ("SwitcherState.swift", #"text.split(whereSeparator: \.isWhitespace)"#, "texts that read alike are one step"),
    ]
    /// londi-bench reads its own output and /proc.
    private static let modules = Tidy.sources.filter { Tidy.module(of: $0) != "londi-bench" }

    /// The lines of a source that work on Characters, from 1.
    private static func findings(in text: String) throws -> [(line: Int, code: String)] {
        let regexes = try patterns.map { try Regex($0) }
        let (markCase, subject) = (try Regex(markCase), try Regex(#"\bswitch (.*?) \{"#))
        var findings: [(Int, String)] = []
        var switched = ""
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            let code = String(line.prefix(upTo: line.range(of: "//")?.lowerBound ?? line.endIndex))
            if let match = code.firstMatch(of: subject) { switched = String(match.output[1].substring ?? "") }
            let isFound = regexes.contains { regex in
                code.matches(of: regex).contains { $0.output[1].substring?.isEmpty ?? true }
            }
            // By its name the subject says that it is a scalar.
            if isFound || (switched != "scalar" && code.contains(markCase)) { findings.append((index + 1, code)) }
        }
        return findings
    }

    @Test func `text is compared by bytes or scalars`() throws {
        var unused = Set(Self.allowed.indices)
        for file in Self.modules {
            for (line, code) in try Self.findings(in: try Tidy.text(file)) {
                let name = file.lastPathComponent
                let place = Self.allowed.indices.first {
                    Self.allowed[$0].file == name && code.contains(Self.allowed[$0].code)
                }
                if let place {
                    unused.remove(place)
                } else {
                    Issue.record("\(name):\(line) works on Characters: \(code.trimmingCharacters(in: .whitespaces))")
                }
            }
        }
        #expect(unused.isEmpty, "allowed and not there any more: \(unused.map { Self.allowed[$0].code })")
    }

    /// The check itself finds what it is for.
    @Test(arguments: [
        #"for mark: Character in text {"#, #"if text.hasPrefix("-") {"#, #"text.split(separator: "\n")"#,
        #"switch mark { case "<": }"#, #"text.contains("/")"#, #"text.firstIndex(of: "=")"#,
        #"text.drop { $0 == " " }"#, #"text.allSatisfy(\.isWhitespace)"#, #"text.ranges(of: marker)"#,
        #"while text.last == "\u{FFFD}" {"#,
    ])
    func `a comparison of Characters is found`(code: String) throws {
        #expect(try Self.findings(in: code).count == 1)
    }

    @Test(arguments: [
        #"text.unicodeScalars.split(separator: "\n")"#, #"switch scalar { case "<": }"#, #"text.holds("/")"#,
        #"text.unicodeScalars.lastIndex(of: ".")"#, #"scalar.properties.isWhitespace"#, #"case "regex": true"#,
        #"// text.hasPrefix("-")"#,
    ])
    func `a comparison of scalars passes`(code: String) throws {
        #expect(try Self.findings(in: code).isEmpty)
    }
}
