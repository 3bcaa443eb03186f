import Domain

/// The help of one command or of all, made from the command table.
enum HelpText {
    static func text(for words: [String], table: [Command]) throws(CommandError) -> String {
        if words.isEmpty { return overview(table) }
        if let command = table.first(where: { $0.words == words }) { return help(of: command) }
        let group = table.filter { $0.words.starts(with: words) }
        guard !group.isEmpty else {
            throw .usage("there is no command '\(words.joined(separator: " "))'; `londictl help` lists them")
        }
        return list(group) + "\n`londictl help \(words.joined(separator: " ")) NAME` explains one of them.\n"
    }

    private static func overview(_ table: [Command]) -> String {
        """
        londictl - submit and inspect reasoning jobs, budgets, spend and policies

        Usage: londictl COMMAND [OPTION]... [ARGUMENT]...

        \(list(table))
        Common options:
        \(options(CommandOption.global))
        Exit codes:
        \(aligned(ExitCode.allCases.map { ("\($0.rawValue)", $0.meaning) }))
        `londictl help COMMAND` explains a command and shows examples.

        """
    }

    private static func help(of command: Command) -> String {
        var text = "\(command.summary)\n\nUsage: \(command.synopsis)\n"
        if !command.options.isEmpty { text += "\nOptions:\n" + options(command.options) }
        if !command.examples.isEmpty {
            text += "\nExamples:\n" + command.examples.map { "  londictl \($0)\n" }.joined()
        }
        let common = command.output.globalOptions.map { String($0.usage.withoutOuterSpace()) }.joined(separator: "; ")
        return text + "\nCommon options: \(common)\n"
    }

    private static func list(_ commands: [Command]) -> String {
        aligned(commands.map { ($0.name, $0.summary) })
    }

    private static func options(_ options: [CommandOption]) -> String { aligned(options.map { ($0.usage, $0.help) }) }

    private static func aligned(_ pairs: [(String, String)]) -> String {
        let width = pairs.map(\.0.count).max() ?? 0
        return pairs.map { "  \($0.0)\(String(repeating: " ", count: width - $0.0.count))  \($0.1)\n" }.joined()
    }
}
