import Testing

@testable import londictl

/// What a table does where a terminal has no room for it.
@Suite struct `A table's layout` {
    private static func number(_ width: Int, isMinor: Bool = false) -> TableLayout.Column {
        TableLayout.Column(width: width, leastWidth: width, isMinor: isMinor)
    }

    private static func text(_ width: Int, least: Int = 12, isMinor: Bool = false) -> TableLayout.Column {
        TableLayout.Column(width: width, leastWidth: least, isMinor: isMinor)
    }

    @Test func `leaves what fits as it is`() {
        let columns = [Self.number(3), Self.text(20), Self.number(5)]
        #expect(TableLayout(columns, fitting: 32, keepsAll: false) == TableLayout(natural: columns))
    }

    @Test func `cuts the widest text first and no number`() {
        let columns = [Self.number(30), Self.text(40), Self.text(20)]
        let layout = TableLayout(columns, fitting: 74, keepsAll: false)
        #expect(layout.widths == [30, 20, 20])
        #expect(layout.shown == [0, 1, 2])
    }

    @Test func `leaves minor columns out before others and the last one before those before it`() {
        let columns = [
            Self.number(10), Self.number(10, isMinor: true), Self.number(10, isMinor: true), Self.number(10),
        ]
        #expect(TableLayout(columns, fitting: 40, keepsAll: false).shown == [0, 1, 3])
        #expect(TableLayout(columns, fitting: 30, keepsAll: false).shown == [0, 3])
        #expect(TableLayout(columns, fitting: 15, keepsAll: false).shown == [0])
        #expect(TableLayout(columns, fitting: 5, keepsAll: false).shown == [0], "one always stays")
        #expect(TableLayout(columns, fitting: 5, keepsAll: true).shown == [0, 1, 2, 3], "they were asked for")
    }

    @Test func `a text that makes room for others is shown whole again where they are left out`() {
        let columns = [Self.text(30), Self.number(40, isMinor: true)]
        let layout = TableLayout(columns, fitting: 40, keepsAll: false)
        #expect(layout.shown == [0])
        #expect(layout.widths[0] == 30)
    }

    @Test func `texts are as wide as a terminal shows them`() {
        #expect(Plain.width(of: "maths") == 5)
        #expect(Plain.width(of: "数学") == 4)
        #expect(Plain.width(of: "e\u{301}") == 1)
        #expect(Plain.cut("数学と", to: 5) == "数学…")
        #expect(Plain.cut("maths", to: 5) == "maths")
        #expect(Plain.cut("mathematics", to: 5) == "math…")
    }
}

/// Colour is for people at terminals who have not declined it.
@Suite struct `Colour` {
    @Test(arguments: [
        (true, [:], true), (false, [:], false), (true, ["NO_COLOR": "1"], false), (true, ["NO_COLOR": ""], true),
        (true, ["TERM": "dumb"], false),
    ])
    func `is there only on terminals that may have it`(isTerminal: Bool, environment: [String: String], isOn: Bool) {
        let paint = Paint(isTerminal: isTerminal, environment: environment)
        #expect(paint("ok", .good) == (isOn ? "\u{1b}[32mok\u{1b}[0m" : "ok"))
        #expect(paint("ok", nil) == "ok")
    }

    @Test func `marks states and headers of tables and nothing in what scripts read`() async throws {
        try await withServer(StubDaemon().table) { path in
            let table = await Printed.by(["list"], path: path, terminal: 120)
            #expect(table.output.hasPrefix("\u{1b}[1mJOB\u{1b}[0m  "))
            #expect(table.output.contains("\u{1b}[32mcompleted\u{1b}[0m"))
            for form in ["--json", "--jsonl", "--parsable"] {
                let printed = await Printed.by(["list", form], path: path, terminal: 120)
                #expect(!printed.output.contains("\u{1b}"), "\(form)")
            }
        }
    }

    @Test func `a narrow terminal gets the columns that matter and is told of the others`() async throws {
        try await withServer(StubDaemon().table) { path in
            let environment = ["LONDI_SOCKET": path, "NO_COLOR": "1"]
            let printed = await Printed.by(["list"], environment: environment, terminal: 60)
            #expect(
                printed.output == """
                    JOB  QUEUE  ID   STATE      REASON    REWARD  AGE
                     42  maths  p-1  completed  Priority   0.500  3 min ago
                     43  maths  -    pending    -              -  3 min ago

                    """)
            #expect(
                printed.messages == "no room for batch, steps, deepthink, gpu_s; -o names the fields to show\n")
        }
    }
}
