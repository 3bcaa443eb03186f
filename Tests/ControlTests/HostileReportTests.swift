import Control
import Domain
import Testing

@testable import londictl

/// Whatever prompts, answers, models and metadata hold: no tag of the page is theirs.
@Suite(.timeLimit(.minutes(5))) struct `A report of hostile texts` {
    private static let script = """
        import html.parser, sys
        class Tags(html.parser.HTMLParser):
            def handle_starttag(self, tag, attributes): print(tag, attributes)
        parser = Tags()
        parser.feed(open(sys.argv[1], encoding="utf-8").read())
        parser.close()

        """

    /// Tags and an attribute's end, with each mark beside what makes another Character of it.
    private static let hostile = "<script>x</script><form action='//h'><base href=\"//h\">&lt;\" onload='x"
        .unicodeScalars.map { scalar in
            ["<", ">", "\"", "'", "&"].contains(scalar) ? "\u{600}\(scalar)\u{301}" : String(scalar)
        }.joined()

    @Test(arguments: ["&", "<", ">", "\"", "'"], ["", "\u{600}"])
    func `each mark is escaped, whatever stands beside it`(mark: String, before: String) {
        for after in ["", "\u{301}", "\u{200d}", "\u{fe0f}"] {
            let text = HTML.text("a\(before)\(mark)\(after)b")
            for byte in mark.utf8 where byte != UInt8(ascii: "&") { #expect(!text.utf8.contains(byte)) }
            #expect(text.utf8.count { $0 == UInt8(ascii: "&") } == 1 && text.utf8.contains(UInt8(ascii: ";")))
        }
    }

    private static func data(_ path: String) async throws -> ReportData {
        let console = Console(
            write: { _ in }, complain: { _ in }, isTerminal: false, drawsProgress: false, width: 80,
            now: { MessageSamples.now }, readInput: { [] })
        let parsed = try CommandParser.parse(
            ["status"], table: CommandTable.all, environment: ["LONDI_SOCKET": path], console: console)
        guard case .run(let invocation) = parsed else { throw CommandError.usage("no command") }
        return try await ReportData.read(
            from: MessageSamples.day, queue: nil, try Session(invocation), now: MessageSamples.now
        ) { _ in }
    }

    private static func spoil(_ data: inout ReportData, with text: String) {
        for index in data.dearest.indices {
            data.dearest[index].specification.messages = [Message(role: "user", content: text)]
            data.dearest[index].specification.customID = text
            data.dearest[index].specification.metadata = .object([text: .string(text)])
            for step in data.dearest[index].steps.indices { data.dearest[index].steps[step].generated?.text = text }
        }
        for index in data.status.engines.indices { data.status.engines[index].model = text }
        for index in data.maps.indices {
            guard case .there(var map) = data.maps[index].part else { continue }
            map.rows = map.rows.map { _ in text }
            map.row = text
            data.maps[index].part = .there(map)
        }
        data.books = .there(
            .init(
                entries: 3, total: 3, lastHash: text,
                differences: [BookDifferenceView(check: text, subject: text, expected: text, found: text)]))
        data.curves = data.curves.map { ($0.queue, .missing(text)) }
    }

    private static func tags(_ page: String) async throws -> String {
        let directory = try makeDirectory()
        let file = try WholeFile(path: "\(directory)/page")
        try file.write(page)
        try file.save()
        let output = "\(try makeDirectory())/output"
        let child = try ChildProgram(["/usr/bin/env", "python3", "-c", script, "\(directory)/page"], output: output)
        #expect(await child.end() == 0)
        _ = try contents(of: "\(directory)/page")
        return try contents(of: output)
    }

    /// A parser that is not ours reads the same tags and attributes in a page of plain and one of hostile texts.
    @Test func `has the same tags as any other`() async throws {
        try await withServer(StubDaemon().table) { path in
            var data = try await Self.data(path)
            #expect(!data.dearest.isEmpty && !data.maps.isEmpty)
            Self.spoil(&data, with: "plain")
            let plain = ReportPage.text(data)
            Self.spoil(&data, with: Self.hostile)
            let hostile = ReportPage.text(data)
            #expect(hostile.utf8.count { $0 == UInt8(ascii: "<") } == plain.utf8.count { $0 == UInt8(ascii: "<") })
            #expect(hostile.utf8.count { $0 == UInt8(ascii: ">") } == plain.utf8.count { $0 == UInt8(ascii: ">") })
            let tags = try await Self.tags(hostile)
            #expect(tags.contains("html [('lang', 'en')]"))
            // Labels for screen readers hold the texts.
            func outline(_ tags: String) -> [Substring] {
                tags.split(separator: "\n").map { $0.split(separator: "('aria-label'")[0] }
            }
            #expect(outline(tags) == outline(try await Self.tags(plain)))
        }
    }

    @Test func `forbids what no report needs`() async throws {
        try await withServer(StubDaemon().table) { path in
            let page = ReportPage.text(try await Self.data(path))
            for name in ["default", "script", "object", "frame", "child", "connect", "img"] {
                #expect(page.contains("\(name)-src 'none'"))
            }
            #expect(page.contains("base-uri 'none'") && page.contains("form-action 'none'"))
        }
    }
}
