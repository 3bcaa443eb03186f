import Domain

/// What a command prints, and so which of the options for scripts it takes.
enum OutputForm: Sendable {
    /// Rows: `--json`, `--jsonl`, or a table or `--parsable` with `-o` and `-n`.
    case table
    /// One thing: `--json`, or `--jsonl` for it and its parts.
    case object
    /// JSON lines already.
    case lines
    /// A text with a format of its own.
    case text

    private static let options = ["json", "jsonl", "output", "no-header", "parsable"]
    /// Those that go together.
    private static let tableOptions = ["output", "no-header", "parsable"]

    private var taken: [String] {
        switch self {
        case .table: Self.options
        case .object: ["json", "jsonl"]
        case .lines: ["jsonl"]
        case .text: []
        }
    }

    /// The options of every command that one with this form takes.
    var globalOptions: [CommandOption] {
        CommandOption.global.filter { !Self.options.contains($0.name) || taken.contains($0.name) }
    }

    /// Refuses what would be ignored.
    func check(_ invocation: Invocation) throws(CommandError) {
        // An option of the command's own may have such a name.
        let own = invocation.command.options.map(\.name)
        let given = Self.options.filter {
            !own.contains($0) && (invocation.isSet($0) || invocation.text($0) != nil)
        }
        for option in given where !taken.contains(option) {
            let remedy =
                taken.isEmpty
                ? "it prints a text of its own; leave that out"
                : "it takes " + taken.map { "--\($0)" }.joined(separator: " and ")
            throw .usage("\(invocation.command.name) does nothing with --\(option); \(remedy)")
        }
        if invocation.isSet("csv"), let other = given.first(where: { $0.begins(with: "json") || $0 == "parsable" }) {
            throw .usage("--csv and --\(other) are two forms of output; give one")
        }
        if given.count > 1, !given.allSatisfy(Self.tableOptions.contains) {
            throw .usage("--\(given[0]) and --\(given[1]) are two forms of output; give one")
        }
    }
}
