import Testing

@testable import londictl

/// The manual says what the table says, and man reads it without a complaint.
@Suite struct ManualPageTests {
    private static let page = ManualPage.text(of: CommandTable.all)

    @Test func `it has every command, option and exit code`() {
        let plain = Self.page.replacing("\\-", with: "-").replacing("\\(dq", with: "\"").replacing("\\(aq", with: "'")
        // Paragraphs are broken into lines.
        let running = plain.replacing("\n", with: " ").replacing("\\&", with: "")
        for command in CommandTable.all {
            #expect(plain.contains(".SS \"\(([command.name] + command.arguments).joined(separator: " "))\"\n"))
            #expect(running.contains(" \(command.summary). "))
            for option in command.options {
                #expect(plain.contains("--\(option.name)"), "\(command.name)")
                #expect(running.contains(" \(option.help) "), "\(command.name)")
            }
            for example in command.examples { #expect(plain.contains("\nlondictl \(example)\n"), "\(example)") }
        }
        for code in ExitCode.allCases { #expect(running.contains(".B \(code.rawValue) \(code.meaning) ")) }
    }

    /// A line that begins with a dot or an apostrophe would be taken for a macro.
    @Test func `only macros begin with a dot`() {
        let macros = [".TH", ".SH", ".SS", ".TP", ".B", ".BR", ".I", ".RI", ".PP", ".EX", ".EE"]
        for line in Self.page.split(separator: "\n") where line.hasPrefix(".") || line.hasPrefix("'") {
            #expect(macros.contains { line == $0 || line.hasPrefix("\($0) ") }, "\(line)")
        }
    }
}
