import Foundation
import Testing

@testable import Daemon

/// londid(8) and `londid --help` are about the same options; that londid.conf has the loader's keys, from which
/// londid.conf(5) is made, is tested with the example configuration.
@Suite struct `The manual of londid` {
    private let page: String

    init() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        page = try String(contentsOf: root.appending(path: "systemd/londid.8"), encoding: .utf8)
            .replacing("\\-", with: "-")
    }

    private static func matches(_ pattern: Regex<(Substring, Substring)>, in text: String) -> Set<String> {
        Set(text.matches(of: pattern).map { String($0.output.1) })
    }

    @Test func `it has the options of the help and no others`() {
        let helped = Self.matches(/\n +(--[a-z-]+)/, in: Launch.help)
        #expect(helped.count == 11)
        #expect(Self.matches(/\.TP\n\.BI? (--[a-z-]+)/, in: page) == helped)
    }

    @Test func `it has the exit statuses of the help and no others`() {
        let statuses = Launch.help.split(separator: "Exit status:")[1]
        let helped = Self.matches(/(?: |^)([0-9]+) [a-z]/, in: String(statuses))
        #expect(helped == ["0", "1", "64", "78"])
        #expect(Self.matches(/\.TP\n\.B ([0-9]+)\n/, in: page) == helped)
    }
}
