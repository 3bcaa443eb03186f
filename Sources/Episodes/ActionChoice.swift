import Domain

/// The actions between which a model chooses, and the grammar that lets it write nothing else.
struct ActionChoice: Hashable, Sendable {
    /// Behind it stands the action of a model that thinks first.
    static let marker = "Action:"
    /// Of what a model wrote, so many bytes are an action at most.
    static let longestActionBytes = 4096

    /// nil: any line of text.
    let actions: [String]?

    /// GBNF. Actions that begin alike share their beginning: the sampler follows each alternative that is left, at every token.
    /// - Parameter thinks: any lines may come before, and the marker then.
    func grammar(thinks: Bool) -> String {
        let action = actions.map { Self.rule(Set($0.map { Array($0.unicodeScalars) })) } ?? "[^\\n]+"
        return thinks
            ? "root ::= line* \"\(Self.marker) \" action\nline ::= [^\\n]+ \"\\n\"\naction ::= \(action)\n"
            : "root ::= \(action)\n"
    }

    /// What a model chose.
    static func action(in text: String) -> String {
        let action = finalAnswer(in: text, marker: marker)
        guard action.utf8.count > longestActionBytes else { return action }
        return String(decoding: action.utf8.prefix(longestActionBytes), as: UTF8.self)
    }

    /// The texts as one alternation, shared beginnings once.
    private static func rule(_ texts: Set<[Unicode.Scalar]>) -> String {
        let beginnings = Dictionary(grouping: texts.filter { !$0.isEmpty }) { $0[0] }
        var alternatives: [String] = beginnings.sorted { $0.key < $1.key }.map { _, group in
            let shared = sharedCount(group)
            let rests = Set(group.map { Array($0.dropFirst(shared)) })
            let literal = "\"" + group[0].prefix(shared).map(escaped).joined() + "\""
            return rests == [[]] ? literal : "\(literal) (\(rule(rests)))"
        }
        if texts.contains([]) { alternatives.append("\"\"") }
        return alternatives.joined(separator: " | ")
    }

    private static func sharedCount(_ texts: [[Unicode.Scalar]]) -> Int {
        let shortest = texts.map(\.count).min() ?? 0
        return (0..<shortest).first { index in texts.contains { $0[index] != texts[0][index] } } ?? shortest
    }

    private static func escaped(_ scalar: Unicode.Scalar) -> String {
        switch scalar {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r": "\\r"
        case "\t": "\\t"
        default: String(scalar)
        }
    }
}
