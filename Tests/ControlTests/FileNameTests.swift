import Domain
import Testing

@testable import londictl

/// A name is bytes, and no two names become one on their way through a String.
@Suite struct `File names` {
    @Test(arguments: [
        "plain.json", "z\u{fc}rich", "e\u{301}", "\u{10ffe9}", "\u{10ff7f}\u{10ffff}", "\u{600}/\u{301}",
    ])
    func `that are UTF-8 stay what they are`(name: String) {
        let argument = FileName.argument(Array(name.utf8))
        #expect(FileName(argument).bytes == Array(name.utf8))
        let isEscape = name.unicodeScalars.contains { (0x10_ff80...0x10_ffff).contains($0.value) }
        #expect(FileName.isText(argument) == !isEscape)
        #expect(argument.isIdentical(to: name) == !isEscape)
    }

    /// Of letters, and of what is no letter alone.
    private static let odd: [UInt8] = [0x61, 0xc3, 0xa9, 0xe9, 0xf4, 0x8f, 0xbf, 0xff, 0x80]

    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func `of any bytes come back`(seed: UInt64) {
        var random = Seeded(seed)
        var seen: [String: [UInt8]] = [:]
        for _ in 1...20 {
            let bytes = (0..<Int.random(in: 1...12, using: &random)).map { _ in
                Self.odd.randomElement(using: &random) ?? 0
            }
            let argument = FileName.argument(bytes)
            #expect(FileName(argument).bytes == bytes, "seed \(seed)")
            let other = seen.updateValue(bytes, forKey: argument)
            #expect(other == nil || other == bytes, "seed \(seed)")
        }
    }

    @Test func `are shown with their other bytes escaped`() {
        let name = FileName(bytes: Array("/tmp/caf".utf8) + [0xe9, 0xc3, 0xa9, 0x0a])
        #expect(name.description == "/tmp/caf\\xe9\u{e9} ")
        #expect(name.last.description == "caf\\xe9\u{e9} " && name.directory.description == "/tmp/")
        #expect(FileName("out").directory.description == "./")
    }

    @Test func `are the only words that need not be UTF-8`() async throws {
        let word = FileName.argument([0x61, 0xe9])
        let prompt = await Printed.by(["submit", "-q", "maths", "--prompt", word])
        #expect(prompt.exit == .usage)
        #expect(
            prompt.messages == "londictl: --prompt 'a\\xe9' is not UTF-8: only the name of a file may be other bytes\n")
        #expect(await Printed.by(["show", word]).exit == .usage)
        let file = await Printed.by(["submit", "-q", "maths", "-f", "/nowhere/\(word)"])
        #expect(file.messages == "londictl: /nowhere/a\\xe9: No such file or directory\n" && file.exit == .error)
    }
}
