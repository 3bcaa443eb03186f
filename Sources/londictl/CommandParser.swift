import Domain

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
        let words = Array(line.dropFirst(split).prefix { !$0.begins(with: "-") })
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
        while index < line.count, line[index].begins(with: "-") {
            let known = CommandOption.global.first { $0.isWritten(line[index]) }
            guard known != nil || line[index].holds("=") else { break }
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
            guard word.begins(with: "-"), word != "-" else {
                invocation.arguments.append(word)
                continue
            }
            if word == "--" {
                invocation.arguments += rest
                break
            }
            let long = word.behind("--")?.parts(at: "=", most: 2, omittingEmpty: false)
            let isLong = long != nil
            let short = word.unicodeScalars.dropFirst()
            let name = long.map { String($0[0]) } ?? String(short.prefix(1))
            guard let option = options.first(where: { isLong ? $0.name == name : $0.short == name }) else {
                throw unknownOption(isLong ? "--\(name)" : "-\(name)", command, options)
            }
            // The value of `-fFILE` and of `--file=FILE`.
            let attached =
                long.map { $0.count == 2 ? String($0[1]) : nil } ?? (short.count > 1 ? String(short.dropFirst()) : nil)
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
        let needed = command.arguments.count { !$0.begins(with: "[") }
        guard invocation.arguments.count >= needed else {
            throw .usage("\(command.arguments[invocation.arguments.count]) is missing: \(command.synopsis)")
        }
        let takesMore = command.arguments.last?.ends(with: "...") ?? false
        guard takesMore || invocation.arguments.count <= command.arguments.count else {
            throw .usage("'\(invocation.arguments[command.arguments.count])' is too much: \(command.synopsis)")
        }
        try checkTexts(of: invocation, options)
        try command.output.check(invocation)
        return .run(invocation)
    }

    /// Only the name of a file may be other bytes than UTF-8.
    private static func checkTexts(
        of invocation: Invocation, _ options: [CommandOption]
    ) throws(CommandError) {
        func check(_ word: String, _ place: String, _ placeholder: String?) throws(CommandError) {
            guard FileName.isText(word) || placeholder?.holds("FILE") == true || placeholder?.holds("WORD") == true
            else {
                throw .usage("\(place) '\(FileName(word))' is not UTF-8: only the name of a file may be other bytes")
            }
        }
        let places = invocation.command.arguments
        for (index, argument) in invocation.arguments.enumerated() {
            let place = places[min(index, places.count - 1)]
            try check(argument, place, place)
        }
        for (name, values) in invocation.lists.merging(invocation.values.mapValues { [$0] }, uniquingKeysWith: +) {
            // A command's own option comes before one of every command's that has its name.
            let option = options.first { $0.name == name }
            for value in values { try check(value, "--\(name)", option?.value) }
        }
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
        let ranked = known.map { (name: $0, distance: distance(scalars(word), scalars($0))) }
        guard let best = ranked.min(by: { ($0.distance, $0.name) < ($1.distance, $1.name) }),
            best.distance <= max(1, scalars(word).count / 3)
        else { return nil }
        return best.name
    }

    private static func scalars(_ word: String) -> [Unicode.Scalar] { Array(word.unicodeScalars) }

    /// Insertions, deletions, substitutions and swaps of neighbours.
    /// - Source: Damerau-Levenshtein, optimal string alignment.
    static func distance(_ left: [Unicode.Scalar], _ right: [Unicode.Scalar]) -> Int {
        var rows = [Array(0...right.count)]
        for (row, scalar) in left.enumerated() {
            var next = [row + 1]
            for (column, other) in right.enumerated() {
                var best = min(
                    rows[row][column + 1] + 1, next[column] + 1, rows[row][column] + (scalar == other ? 0 : 1))
                if row > 0, column > 0, scalar == right[column - 1], left[row - 1] == other {
                    best = min(best, rows[row - 1][column - 1] + 1)
                }
                next.append(best)
            }
            rows.append(next)
        }
        return rows[left.count][right.count]
    }
}
