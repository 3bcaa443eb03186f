/// Reads a command line against the command table.
enum CommandParser {
    enum Result: Sendable {
        case run(Invocation)
        /// The help of one command, of the commands that begin with these words, or of all.
        case help(words: [String])
    }

    static func parse(
        _ line: [String], table: [Command], environment: [String: String], console: Console
    ) throws(CommandError) -> Result {
        let split = leadingOptionCount(line)
        let leading = line.prefix(split)
        let words = Array(line.dropFirst(split).prefix { !$0.hasPrefix("-") })
        guard !words.isEmpty else {
            if line.isEmpty || leading.contains("--help") || leading.contains("-h") { return .help(words: []) }
            guard line.first == "--version" else {
                throw .usage("'\(line[split < line.count ? split : 0])' is no command; `londictl help` lists them")
            }
            return try parse(["version"], table: table, environment: environment, console: console)
        }
        if words[0] == "help" { return .help(words: Array(words.dropFirst())) }
        guard let command = table.first(where: { words.starts(with: $0.words) }) else {
            if table.contains(where: { $0.words[0] == words[0] }), words.count == 1 { return .help(words: words) }
            throw unknown(words, table)
        }
        let rest = leading + line.dropFirst(split + command.words.count)
        return try read(Array(rest), command, environment, console)
    }

    /// How many words before the command are options of every command, their values included.
    static func leadingOptionCount(_ line: [String]) -> Int {
        var index = 0
        while index < line.count, line[index].hasPrefix("-") {
            let known = CommandOption.global.first { $0.isWritten(line[index]) }
            guard known != nil || line[index].contains("=") else { break }
            index += known?.value == nil ? 1 : 2
        }
        return min(index, line.count)
    }

    private static func read(
        _ line: [String], _ command: Command, _ environment: [String: String], _ console: Console
    ) throws(CommandError) -> Result {
        let options = command.options + CommandOption.global
        var invocation = Invocation(command: command, environment: environment, console: console)
        var rest = line[...]
        while let word = rest.popFirst() {
            guard word.hasPrefix("-"), word != "-" else {
                invocation.arguments.append(word)
                continue
            }
            if word == "--" {
                invocation.arguments += rest
                break
            }
            let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            let isLong = word.hasPrefix("--")
            let name = isLong ? String(parts[0].dropFirst(2)) : String(word.dropFirst().prefix(1))
            guard let option = options.first(where: { isLong ? $0.name == name : $0.short == name }) else {
                throw unknownOption(isLong ? "--\(name)" : "-\(name)", command, options)
            }
            // The value of `-fFILE` and of `--file=FILE`.
            let attached =
                isLong ? (parts.count == 2 ? parts[1] : nil) : word.count > 2 ? String(word.dropFirst(2)) : nil
            guard let placeholder = option.value else {
                guard attached == nil else { throw .usage("\(word): --\(option.name) takes no value") }
                invocation.switches.insert(option.name)
                continue
            }
            guard let value = attached ?? rest.popFirst() else {
                throw .usage("--\(option.name) needs a value: --\(option.name) \(placeholder)")
            }
            if option.repeats {
                invocation.lists[option.name, default: []].append(value)
                continue
            }
            guard invocation.values.updateValue(value, forKey: option.name) == nil else {
                throw .usage("--\(option.name) is given twice")
            }
        }
        if invocation.isSet("help") { return .help(words: command.words) }
        let needed = command.arguments.count { !$0.hasPrefix("[") }
        guard invocation.arguments.count >= needed else {
            throw .usage("\(command.arguments[invocation.arguments.count]) is missing: \(command.synopsis)")
        }
        let takesMore = command.arguments.last?.hasSuffix("...") ?? false
        guard takesMore || invocation.arguments.count <= command.arguments.count else {
            throw .usage("'\(invocation.arguments[command.arguments.count])' is too much: \(command.synopsis)")
        }
        try command.output.check(invocation)
        return .run(invocation)
    }

    private static func unknown(_ words: [String], _ table: [Command]) -> CommandError {
        let typed = words.prefix(2).joined(separator: " ")
        let known = table.map(\.name) + ["help"]
        let near = Suggestion.nearest(to: typed, among: known) ?? Suggestion.nearest(to: words[0], among: known)
        let hint = near.map { "did you mean `londictl \($0)`?" } ?? "`londictl help` lists the commands"
        return .usage("there is no command '\(typed)'; \(hint)")
    }

    private static func unknownOption(_ typed: String, _ command: Command, _ options: [CommandOption]) -> CommandError {
        let near = Suggestion.nearest(to: typed, among: options.map { "--\($0.name)" })
        let hint = near.map { "did you mean \($0)?" } ?? "`londictl help \(command.name)` lists them"
        return .usage("\(command.name) has no option \(typed); \(hint)")
    }
}

/// What somebody who mistyped a word may have meant.
enum Suggestion {
    /// The nearest of `known` within a third of the word's length; nil where none is near.
    static func nearest(to word: String, among known: [String]) -> String? {
        let ranked = known.map { (name: $0, distance: distance(Array(word), Array($0))) }
        guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }),
            best.distance <= max(1, word.count / 3)
        else { return nil }
        return best.name
    }

    /// Insertions, deletions, substitutions and swaps of neighbours.
    /// - Source: Damerau-Levenshtein, optimal string alignment.
    static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var rows = [Array(0...right.count)]
        for (row, character) in left.enumerated() {
            var next = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(
                    rows[row][column + 1] + 1, next[column] + 1, rows[row][column] + (character == other ? 0 : 1))
                if row > 0, column > 0, character == right[column - 1], left[row - 1] == other {
                    best = min(best, rows[row - 1][column - 1] + 1)
                }
                next.append(best)
            }
            rows.append(next)
        }
        return rows[left.count][right.count]
    }
}
