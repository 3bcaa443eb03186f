import Domain

/// Takes the values of one section out by name and type, collects what is wrong with them, and at the end refuses the keys
/// that nobody asked for.
struct SectionReader {
    private let heading: ConfigurationFile.Heading
    private let section: ConfigurationFile.Section
    private var known: Set<String> = []
    private(set) var problems: [ConfigurationError.Problem] = []

    init(_ heading: ConfigurationFile.Heading, _ section: ConfigurationFile.Section) {
        self.heading = heading
        self.section = section
    }

    /// The keys that are set, in the order of their lines.
    var keys: [String] { section.entries.sorted { $0.value.line < $1.value.line }.map(\.key) }

    /// The value as it stands.
    mutating func text(_ key: String) -> String? {
        known.insert(key)
        return section.entries[key]?.value
    }

    /// A path that begins with `/`.
    mutating func path(_ key: String) -> String? {
        guard let text = text(key) else { return nil }
        guard text.begins(with: "/") else {
            refuse(key, "is not an absolute path")
            return nil
        }
        return text
    }

    /// A whole number within `range`.
    mutating func integer(_ key: String, in range: ClosedRange<Int>) -> Int? {
        guard let text = text(key) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            refuse(key, "is not a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// A number within `range`.
    mutating func number(_ key: String, in range: ClosedRange<Double>) -> Double? {
        guard let text = text(key) else { return nil }
        guard let number = Double(text), range.contains(number) else {
            refuse(key, "is not a number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return number
    }

    /// Words separated by blanks; what stands between double or single quotes may hold blanks, and the other quotes.
    mutating func words(_ key: String) -> [String]? {
        guard let text = text(key) else { return nil }
        var words: [String] = []
        var word = String.UnicodeScalarView()
        var quote: Unicode.Scalar?
        var hasWord = false
        for scalar in text.unicodeScalars {
            switch scalar {
            case quote: quote = nil
            case "\"", "'":
                guard quote == nil else {
                    word.append(scalar)
                    continue
                }
                quote = scalar
                hasWord = true
            case " " where quote == nil, "\t" where quote == nil:
                if hasWord { words.append(String(word)) }
                word = String.UnicodeScalarView()
                hasWord = false
            default:
                word.append(scalar)
                hasWord = true
            }
        }
        if let quote { refuse(key, "has an opening \(quote) without a closing one") }
        if hasWord { words.append(String(word)) }
        return words
    }

    /// One of the values of an enum.
    mutating func choice<Choice: RawRepresentable & CaseIterable>(_ key: String, _ type: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        guard let text = text(key) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            refuse(key, "is none of \(type.allCases.map(\.rawValue).joined(separator: ", "))")
            return nil
        }
        return choice
    }

    /// Notes that the value of `key` cannot be used.
    mutating func refuse(_ key: String, _ reason: String) {
        guard let entry = section.entries[key] else { return miss(key) }
        problems.append(.init(file: entry.file, line: entry.line, message: "\(key)=\(entry.value) \(reason)"))
    }

    /// As `refuse`, where the value itself must not be shown.
    mutating func refuse(_ key: String, without reason: String) {
        guard let entry = section.entries[key] else { return miss(key) }
        problems.append(.init(file: entry.file, line: entry.line, message: "\(key)= \(reason)"))
    }

    /// Notes that `key` is missing.
    mutating func miss(_ key: String, _ remedy: String = "add it") {
        problems.append(
            .init(file: section.file, line: section.line, message: "[\(title)] lacks \(key)=: \(remedy)"))
    }

    /// Refuses every key that was not asked for; call it last.
    mutating func refuseUnknownKeys() {
        for (key, entry) in section.entries.sorted(by: { $0.value.line < $1.value.line }) where !known.contains(key) {
            problems.append(
                .init(
                    file: entry.file, line: entry.line,
                    message: "[\(title)] has no key '\(key)'; it has \(known.sorted().joined(separator: ", "))"))
        }
    }

    private var title: String { heading.argument.isEmpty ? heading.name : "\(heading.name) \(heading.argument)" }
}
