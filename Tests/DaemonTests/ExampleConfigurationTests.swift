import Foundation
import Testing

@testable import Daemon

/// systemd/londid.conf is the manual of the configuration: what it leaves out, nobody finds.
@Suite struct `The example configuration` {
    /// Keys by section, each with or without the comment sign in front.
    private let documented: [String: Set<String>]

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "systemd/londid.conf"), encoding: .utf8)
        var documented: [String: Set<String>] = [:]
        var section = ""
        for line in text.split(separator: "\n") {
            let setting = line.hasPrefix("#") ? line.dropFirst() : line
            if setting.hasPrefix("["), let end = setting.firstIndex(of: "]") {
                section = String(setting[..<end].dropFirst().prefix { $0 != " " })
            } else if let key = setting.split(separator: "=", omittingEmptySubsequences: false).first,
                setting.contains("="), key.allSatisfy({ $0.isLetter || $0.isNumber })
            {
                documented[section, default: []].insert(String(key))
            }
        }
        self.documented = documented
    }

    /// The keys that the loader knows in a section, as its refusal of another one lists them.
    private func known(_ section: String, _ rest: String = "") throws -> Set<String> {
        let directory = try TemporaryState()
        let path = "\(directory.directory)/londid.conf"
        try "[\(section)]\n\(rest)NoSuchKey=1\n".write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: ConfigurationError.self) {
            try ConfigurationLoader.load(path: path, places: .system)
        }
        let message = error?.problems.map(\.message).first { $0.contains("has no key 'NoSuchKey'") }
        let list = try #require(message?.split(separator: "; it has ").last)
        return Set(list.split(separator: ", ").map(String.init))
    }

    @Test func `documents exactly the keys that the loader knows`() throws {
        #expect(documented["Daemon"] == (try known("Daemon")))
        #expect(documented["Quick"] == (try known("Quick")))
        #expect(documented["Verifier"] == (try known("Verifier NAME")))
        #expect(documented["Environment"] == (try known("Environment NAME")))
    }

    /// These sections say only what is special about them, and that the rest is as in [Quick].
    @Test func `leaves to the section of QUICK what is the same in others`() throws {
        let quick = try #require(documented["Quick"])
        #expect(try known("Deepthink") == quick)
        #expect(try #require(documented["Deepthink"]).isSubset(of: quick))
        let encoder = try known("Encoder", "Kind=model\n")
        #expect(try #require(documented["Encoder"]).isSubset(of: encoder))
        #expect(encoder.isSubset(of: quick.union(try #require(documented["Encoder"]))))
    }
}
