/// One command: what its line may hold, how it explains itself, and what it does.
struct Command: Sendable {
    /// `["queue", "create"]`.
    var words: [String]
    /// One sentence without its full stop.
    var summary: String
    /// The arguments after the words, `QUEUE [JOB]`: a name each, in brackets where it may be left out. `...` behind the
    /// last one: any number of them.
    var arguments: [String] = []
    /// The words that an argument may be; empty where it is something else.
    var choices: [String] = []
    var options: [CommandOption] = []
    /// Command lines without `londictl`.
    var examples: [String] = []
    var output = OutputForm.object
    /// What it does.
    var run: @Sendable (Invocation) async throws(CommandError) -> ExitCode

    var name: String { words.joined(separator: " ") }

    var synopsis: String {
        (["londictl", name] + (options.isEmpty ? [] : ["[OPTION]..."]) + arguments).joined(separator: " ")
    }
}

/// One option of a command line.
struct CommandOption: Sendable {
    /// Without its dashes.
    var name: String
    /// One letter, without its dash.
    var short: String?
    /// What stands behind it, as help shows it; nil for a switch.
    var value: String?
    var help: String
    /// The words that its value may be, or may hold with commas between them; empty where it is something else.
    var choices: [String]
    /// It may be given several times.
    var repeats: Bool

    init(
        _ name: String, short: String? = nil, _ value: String? = nil, _ help: String, choices: [String] = [],
        repeats: Bool = false
    ) {
        self.name = name
        self.short = short
        self.value = value
        self.help = help
        self.choices = choices
        self.repeats = repeats
    }

    /// `-f, --file FILE`
    var usage: String { (short.map { "-\($0), " } ?? "    ") + "--\(name)" + (value.map { " \($0)" } ?? "") }

    /// The word is this option, without a value attached.
    func isWritten(_ word: String?) -> Bool { word == "--\(name)" || short.map { word == "-\($0)" } ?? false }

    /// What every command takes; those that shape output only where it has such output.
    static let global = [
        CommandOption("socket", "PATH", "the daemon's socket (or LONDI_SOCKET)"),
        CommandOption("json", nil, "print one JSON object"),
        CommandOption("jsonl", nil, "print one JSON object a line"),
        CommandOption("output", short: "o", "FIELDS", "print these fields, comma-separated"),
        CommandOption("no-header", short: "n", nil, "print tables without their header"),
        CommandOption("parsable", nil, "print tables with one tab between two fields and no other space"),
        CommandOption("help", short: "h", nil, "explain the command"),
    ]
}
