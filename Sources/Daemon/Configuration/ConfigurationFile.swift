import Domain

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
            if content.begins(with: "[") {
                heading = readHeading(content, file: file, line: line)
            } else if case let parts = content.parts(at: "=", most: 2, omittingEmpty: false), parts.count == 2 {
                let key = String(parts[0].withoutOuterSpace())
                let value = String(parts[1].withoutOuterSpace())
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
        guard let inside = content.behind("[")?.before("]")?.withoutOuterSpace() else {
            problems.append(.init(file: file, line: line, message: "'\(content)' lacks the closing ]"))
            return nil
        }
        let parts = inside.parts(at: " ", most: 2, omittingEmpty: false)
        let argument = parts.count == 2 ? parts[1].withoutOuterSpace() : ""
        let heading = Heading(name: String(parts[0]), argument: String(argument))
        if sections[heading] == nil { sections[heading] = Section(file: file, line: line) }
        return heading
    }

    /// The lines that say something, with continuation lines joined by a space and numbered by their first.
    private static func logicalLines(of text: String) -> [(line: Int, content: String)] {
        var result: [(line: Int, content: String)] = []
        var pending: (line: Int, content: String)?
        for (index, raw) in text.lines.enumerated() {
            var content = raw.withoutOuterSpace()
            if content.isEmpty, pending == nil { continue }
            if content.begins(with: "#") || content.begins(with: ";") { continue }
            let continued = content.before("\\")
            if let continued { content = continued.withoutOuterSpace() }
            let goesOn = continued != nil
            let joined = pending.map { "\($0.content) \(content)" } ?? String(content)
            let line = pending?.line ?? index + 1
            pending = goesOn ? (line, joined) : nil
            if !goesOn { result.append((line, joined)) }
        }
        if let pending { result.append(pending) }
        return result
    }
}
