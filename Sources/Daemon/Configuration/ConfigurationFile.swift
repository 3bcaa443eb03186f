/// Configuration text as systemd writes it: `[Section]`, `Key=Value`, `#` and `;` comments, a backslash at the end of a
/// line going on with the next one. A later value of a key replaces an earlier one; an empty value unsets it.
struct ConfigurationFile: Sendable {
    /// One value and where it stands.
    struct Entry: Equatable, Sendable {
        var value: String
        var file: String
        var line: Int
    }

    /// A section's name, and what stands behind it in `[Name argument]`; empty where nothing does.
    struct Heading: Hashable, Comparable, Sendable {
        var name: String
        var argument: String

        static func < (left: Heading, right: Heading) -> Bool {
            (left.name, left.argument) < (right.name, right.argument)
        }
    }

    /// Where a section first begins, and its values.
    struct Section: Sendable {
        var file: String
        var line: Int
        var entries: [String: Entry] = [:]
    }

    private(set) var sections: [Heading: Section] = [:]
    private(set) var problems: [ConfigurationError.Problem] = []

    /// Reads one more text over what is there, as a drop-in is read over the main file.
    mutating func read(_ text: String, file: String) {
        var heading: Heading?
        for (line, content) in Self.logicalLines(of: text) {
            if content.hasPrefix("[") {
                heading = readHeading(content, file: file, line: line)
            } else if let separator = content.firstIndex(of: "=") {
                let key = String(content[..<separator].trimmingSpace())
                let value = String(content[content.index(after: separator)...].trimmingSpace())
                guard let heading else {
                    problems.append(.init(file: file, line: line, message: "'\(key)' stands before any [Section]"))
                    continue
                }
                sections[heading]?.entries[key] =
                    value.isEmpty ? nil : Entry(value: value, file: file, line: line)
            } else {
                problems.append(
                    .init(file: file, line: line, message: "'\(content)' is neither [Section] nor Key=Value"))
            }
        }
    }

    private mutating func readHeading(_ content: String, file: String, line: Int) -> Heading? {
        guard content.hasSuffix("]") else {
            problems.append(.init(file: file, line: line, message: "'\(content)' lacks the closing ]"))
            return nil
        }
        let inside = content.dropFirst().dropLast().trimmingSpace()
        let name = inside.prefix { $0 != " " }
        let heading = Heading(name: String(name), argument: String(inside.dropFirst(name.count).trimmingSpace()))
        if sections[heading] == nil { sections[heading] = Section(file: file, line: line) }
        return heading
    }

    /// The lines that say something, with continuation lines joined by a space and numbered by their first.
    private static func logicalLines(of text: String) -> [(line: Int, content: String)] {
        var result: [(line: Int, content: String)] = []
        var pending: (line: Int, content: String)?
        // A carriage return and the newline behind it are one Character.
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        for (index, raw) in lines.enumerated() {
            var content = raw.trimmingSpace()
            if content.isEmpty, pending == nil { continue }
            if content.hasPrefix("#") || content.hasPrefix(";") { continue }
            let goesOn = content.hasSuffix("\\")
            if goesOn { content = content.dropLast().trimmingSpace() }
            let joined = pending.map { "\($0.content) \(content)" } ?? String(content)
            let line = pending?.line ?? index + 1
            pending = goesOn ? (line, joined) : nil
            if !goesOn { result.append((line, joined)) }
        }
        if let pending { result.append(pending) }
        return result
    }
}

extension Substring {
    /// Without blanks, tabs and carriage returns around it.
    fileprivate func trimmingSpace() -> Substring {
        var rest = self
        while let first = rest.first, first.isWhitespace { rest.removeFirst() }
        while let last = rest.last, last.isWhitespace { rest.removeLast() }
        return rest
    }
}
