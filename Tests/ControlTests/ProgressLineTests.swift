import Domain
import Testing

@testable import londictl

@Suite struct `Progress on one line` {
    private func console(width: Int = 80) -> Console {
        Console(
            write: { _ in }, complain: { _ in }, isTerminal: true, drawsProgress: true, width: width,
            now: { MessageSamples.now }, readInput: { [] })
    }

    /// Rows of: what is done at first, then after ten seconds, of how much; and what is drawn then.
    @Test(
        arguments: [
            (0, 300, 1200, "f [#####---------------] 300 lines  30.0/s  ETA 30 s"),
            (100, 100, 1200, "f [#-------------------] 100 lines"),
            (0, 1200, 1200, "f [####################] 1200 lines  120.0/s"),
            (0, 2, nil, "f 2 lines  0.2/s"),
            (0, 1, 3, "f [######--------------] 1 lines  0.1/s  ETA 20 s"),
            (0, 0, 0, "f [####################] 0 lines"),
        ] as [(Int, Int, Int?, String)])
    func `shows part, rate and time left`(first: Int, then: Int, total: Int?, drawn: String) {
        var line = ProgressLine("f", console())
        _ = line.text("", count: first, done: first, of: total, at: MessageSamples.now)
        let later = MessageSamples.now.advanced(byMilliseconds: 10_000)
        #expect(line.text("\(then) lines", count: then, done: then, of: total, at: later) == drawn)
    }

    /// What each command draws first, and that its line is empty at the end.
    @Test(arguments: [
        (["audit", "verify"], "checking chain [######--------------] 1/3 ledger entries"),
        (["audit", "replay", "maths"], "replaying maths [##########----------] 1/2 versions"),
        (["results", "b7"], "b7 [#-------------------] 2 results"),
    ])
    func `is drawn by commands that take long, on a terminal only`(words: [String], drawn: String) async throws {
        try await withServer(StubDaemon().table) { path in
            let shown = await Printed.by(words, path: path, drawsProgress: true)
            #expect(shown.messages.hasPrefix("\r\(drawn)"), "\(shown.messages)")
            #expect(shown.messages.contains("\u{1b}[K\r\u{1b}[K"))
            let quiet = await Printed.by(words, path: path)
            #expect(!quiet.messages.contains("\r"))
        }
    }

    @Test func `is cut to the terminal, and a file's name cannot command it`() {
        var line = ProgressLine("a\u{1b}[Jb", console(width: 24))
        #expect(line.text("1 line", count: 1, done: 1, of: 2, at: MessageSamples.now) == "a?[Jb [##########-----…")
    }
}
