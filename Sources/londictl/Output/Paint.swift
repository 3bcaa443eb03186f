/// What a text means to whoever looks at it; on a terminal that shows as a colour.
enum Style: String, CaseIterable {
    case strong = "1"
    case faint = "2"
    case good = "32"
    case bad = "31"
    case warning = "33"
    case active = "36"
    case deepthink = "35"
}

/// Colours texts for a terminal, or leaves them as they are.
/// - Source: ECMA-48, select graphic rendition; https://no-color.org.
struct Paint: Sendable {
    var isOn = false

    /// Colour is for terminals that have it, unless NO_COLOR is set to anything.
    init(isTerminal: Bool, environment: [String: String]) {
        isOn = isTerminal && environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }

    /// No colour.
    init() {}

    func callAsFunction(_ text: String, _ style: Style?) -> String {
        guard isOn, let style, !text.isEmpty else { return text }
        return "\u{1b}[\(style.rawValue)m\(text)\u{1b}[0m"
    }
}
