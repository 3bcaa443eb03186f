/// The last lines of a child's log, for messages to people.
package struct LastLines: Sendable {
    private static let limit = 8

    package private(set) var lines: [String] = []

    package init() {}

    package mutating func add(_ line: String) {
        lines.append(line)
        if lines.count > Self.limit { lines.removeFirst() }
    }
}
