import Domain

/// londictl(1), made from the command table.
/// - Source: man(7), the macros.
enum ManualPage {
    /// When what it says was last looked over.
    private static let date = "2026-11-24"
    /// In characters: what man and mandoc read without a complaint.
    private static let lineWidth = 78

    static func text(of table: [Command]) -> String {
        let groups = table.map(commandSection).joined()
        return """
            .TH LONDICTL 1 \(date) "Londi \(CommandLineTool.version)" "Londi"
            .SH NAME
            londictl \\- submit and inspect reasoning jobs, budgets, spend and policies
            .SH SYNOPSIS
            .B londictl
            .I COMMAND
            .RI [ OPTION ]...
            .RI [ ARGUMENT ]...
            .SH DESCRIPTION
            londictl talks to
            .BR londid (8),
            which runs reasoning jobs on a small and a large language model.
            Data goes to the standard output, messages to the standard error.
            .SH COMMANDS
            \(groups).SH "COMMON OPTIONS"
            Those that shape the output only where a command has such output;
            its help says which.
            \(CommandOption.global.map(paragraph).joined()).SH "EXIT STATUS"
            \(ExitCode.allCases.map { tagged("\($0.rawValue)", $0.meaning) }.joined()).SH ENVIRONMENT
            \(tagged("LONDI_SOCKET", "the daemon's socket, where --socket is not given")).SH FILES
            \(tagged("/run/londi/io.londi", "the socket of the system's londid"))\
            \(tagged("$XDG_RUNTIME_DIR/londi/io.londi", "the socket of the user's own, tried next")).SH "SEE ALSO"
            .BR londid (8),
            .BR londid.conf (5)

            """
    }

    private static func commandSection(_ command: Command) -> String {
        var text = ".SS \"\(escaped(([command.name] + command.arguments).joined(separator: " ")))\"\n"
        text += filled(command.summary + ".")
        text += command.options.map(paragraph).joined()
        if !command.examples.isEmpty {
            text += ".PP\n.EX\n" + command.examples.map { "londictl \(escaped($0))\n" }.joined() + ".EE\n"
        }
        return text
    }

    private static func paragraph(_ option: CommandOption) -> String {
        tagged(String(option.usage.withoutOuterSpace()), option.help)
    }

    private static func tagged(_ tag: String, _ text: String) -> String {
        ".TP\n.B \(escaped(tag))\n\(filled(text))"
    }

    /// A paragraph, broken between words.
    private static func filled(_ text: String) -> String {
        var lines: [String] = []
        for word in escaped(text).parts(at: " ") {
            if let line = lines.last, line.unicodeScalars.count + 1 + word.unicodeScalars.count <= lineWidth {
                lines[lines.count - 1] += " \(word)"
            } else {
                lines.append(word.begins(with: ".") ? "\\&\(word)" : String(word))
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// As roff prints it: a dash that can be copied, no escape, no mark of a macro.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\e"
            case "-": "\\-"
            case "\"": "\\(dq"
            case "'": "\\(aq"
            default: String(scalar)
            }
        }.joined()
    }
}
