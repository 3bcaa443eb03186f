import Domain

/// What may stand at the cursor of a command line, for the shells.
struct Completion: Equatable {
    /// What the word at the cursor must begin with: behind the last comma of a list, behind `--name=`.
    var prefix = ""
    /// What stands before it in the same word.
    var lead = ""
    /// Words that the command table knows.
    var candidates: [Candidate] = []
    /// What only the daemon or the file system knows.
    var source = Source.nothing

    struct Candidate: Equatable {
        var word: String
        var summary = ""
    }

    enum Source {
        case nothing, queues, jobs, batches, jobsOrBatches, files

        /// What a name in a synopsis or behind an option stands for.
        init(placeholder: String) {
            switch placeholder.trimming("[].") {
            case "QUEUE": self = .queues
            case "JOB", "JOBS": self = .jobs
            case "BATCH": self = .batches
            case "JOB|BATCH", "BATCH|JOB": self = .jobsOrBatches
            case "FILE", "PATH", "DIR": self = .files
            default: self = .nothing
            }
        }
    }

    /// - Parameter words: behind `londictl`, the last one as far as it is typed.
    init(_ words: [String], table: [Command]) { offer(words, table) }

    private mutating func offer(_ words: [String], _ table: [Command]) {
        let typed = words.last ?? ""
        let before = Array(words.dropLast())
        prefix = typed
        // Global options may come before the command.
        let start = CommandParser.leadingOptionCount(before)
        let line = Array(before.dropFirst(start))
        if line.first == "help" { return offerWords(after: Array(line.dropFirst()), table) }
        guard let command = table.first(where: { line.starts(with: $0.words) }) else {
            let option = CommandOption.global.first { start == before.count && $0.isWritten(before.last) }
            if let option, option.value != nil { return offer(valueOf: option) }
            return typed.begins(with: "-") ? offer(CommandOption.global) : offerWords(after: line, table)
        }
        offer(command, Array(line.dropFirst(command.words.count)))
    }

    /// The next words of the commands that begin with `words`.
    private mutating func offerWords(after words: [String], _ table: [Command]) {
        let group = table.filter { $0.words.count > words.count && $0.words.starts(with: words) }
        for command in group where !candidates.contains(where: { $0.word == command.words[words.count] }) {
            let isWhole = command.words.count == words.count + 1
            candidates.append(.init(word: command.words[words.count], summary: isWhole ? command.summary : ""))
        }
        if words.isEmpty { candidates.append(.init(word: "help", summary: "Explain a command")) }
    }

    private mutating func offer(_ command: Command, _ line: [String]) {
        let options = command.options + command.output.globalOptions
        var argumentCount = 0
        var pending: CommandOption?
        var isPlain = false
        for word in line {
            if pending != nil {
                pending = nil
            } else if isPlain || !word.begins(with: "-") || word == "-" {
                argumentCount += 1
            } else if word == "--" {
                isPlain = true
            } else {
                pending = options.first { $0.value != nil && $0.isWritten(word) }
            }
        }
        if let pending { return offer(valueOf: pending) }
        if prefix.begins(with: "-"), !isPlain {
            guard case let parts = prefix.parts(at: "=", most: 2, omittingEmpty: false), parts.count == 2,
                let option = options.first(where: { $0.isWritten(String(parts[0])) })
            else {
                return offer(options.filter { option in option.repeats || !line.contains { option.isWritten($0) } })
            }
            lead = parts[0] + "="
            prefix = String(parts[1])
            return offer(valueOf: option)
        }
        let isOpen = command.arguments.last?.ends(with: "...") ?? false
        let index = isOpen ? min(argumentCount, command.arguments.count - 1) : argumentCount
        guard command.arguments.indices.contains(index) else { return }
        candidates = command.choices.map { Candidate(word: $0) }
        source = Source(placeholder: command.arguments[index])
    }

    private mutating func offer(_ options: [CommandOption]) {
        candidates = options.map { Candidate(word: "--\($0.name)", summary: $0.help) }
    }

    private mutating func offer(valueOf option: CommandOption) {
        if option.isList, let comma = prefix.lastRange(of: ",") {
            lead += prefix[..<comma.upperBound]
            prefix = String(prefix[comma.upperBound...])
        }
        let used = lead.parts(where: { scalar in scalar == "," || scalar == "=" }).map(String.init)
        candidates = option.choices.filter { !used.contains($0) }.map { Candidate(word: $0) }
        source = Source(placeholder: option.value ?? "")
    }

    /// The lines for a shell: a word and what it means with a tab between them, or `:files` where the shell knows better.
    /// - Parameter known: what the daemon knows.
    func lines(_ known: [Candidate]) -> [String] {
        let words = (candidates + known).filter { $0.word.begins(with: prefix) }
        return words.map { "\(lead)\($0.word)\t\($0.summary)" } + (source == .files ? [":files"] : [])
    }
}

extension CommandOption {
    /// Its values are separated by commas.
    fileprivate var isList: Bool { ["STATES", "GROUPS", "JOBS", "FIELDS"].contains(value) }
}

extension String {
    fileprivate func trimming(_ marks: String) -> String {
        var text = Substring(self).unicodeScalars
        while let first = text.first, marks.unicodeScalars.contains(first) { text.removeFirst() }
        while let last = text.last, marks.unicodeScalars.contains(last) { text.removeLast() }
        return String(text)
    }
}
