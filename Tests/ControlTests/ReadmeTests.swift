import Foundation
import Testing

@testable import londictl

/// The README's list of commands is the command table's: whoever reads one knows the other.
@Suite struct ReadmeTests {
    /// The commands of the rows `| ``londictl queue pause``, ``drain``, ``resume`` | ... |`: a later word stands in the place of
    /// the last one; what is not in lowercase letters and inner hyphens is an argument or an option.
    private static func listed() throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8)
        return text.split(separator: "\n").filter { $0.hasPrefix("| `londictl ") }.flatMap { row -> [String] in
            let cell = row.dropFirst(2).prefix { $0 != "|" }
            let parts = cell.split(separator: "`").filter { !$0.allSatisfy { ", ".contains($0) } }
            let words = parts.map { part in
                part.split(separator: " ").filter { word in
                    word.first != "-" && word.allSatisfy { ("a"..."z").contains($0) || $0 == "-" }
                }
            }
            let first = words[0].dropFirst()
            return words.enumerated().map { index, own in
                (index == 0 ? Array(first) : first.dropLast() + own).joined(separator: " ")
            }
        }
    }

    @Test func `it lists every command once, and no other`() throws {
        let listed = try Self.listed()
        let known = CommandTable.all.map(\.name)
        for name in known where !listed.contains(name) { Issue.record("README.md does not list londictl \(name)") }
        for name in listed where !known.contains(name) { Issue.record("README.md lists londictl \(name)") }
        #expect(Set(listed).count == listed.count, "\(listed)")
    }
}
