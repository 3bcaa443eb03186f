import Control
import Domain

/// One column of a table: its key for `-o`, its header, and what it shows of a row.
struct Column<Row>: Sendable {
    var key: String
    var isRight = false
    /// Shown where `-o` names nothing.
    var isDefault = true
    /// Left out first where the terminal is too narrow.
    var isMinor = false
    /// What it shows of a row of sums instead.
    var totalText: String?
    var style: @Sendable (Row) -> Style?
    var text: @Sendable (Row) -> String

    init(
        _ key: String, isRight: Bool = false, isDefault: Bool = true, isMinor: Bool = false, totalText: String? = nil,
        style: @escaping @Sendable (Row) -> Style? = { _ in nil }, _ text: @escaping @Sendable (Row) -> String
    ) {
        self.key = key
        self.isRight = isRight
        self.isDefault = isDefault
        self.isMinor = isMinor
        self.totalText = totalText
        self.style = style
        self.text = text
    }
}

/// Rows as a table, CSV, fields between tabs or JSON: what `--csv`, `--parsable`, `--json`, `--jsonl`, `-o` and `-n` ask for.
/// Rows may come in chunks; the first one sets the widths.
struct Listing<Row: Encodable> {
    private enum Form { case table, tabs, csv, lines, object }

    private let columns: [Column<Row>]
    private let form: Form
    private let hasChosenFields: Bool
    private let needsHeader: Bool
    private var isBegun = false
    private var layout: TableLayout?
    private let invocation: Invocation
    private var console: Console { invocation.console }

    init(_ columns: [Column<Row>], _ invocation: Invocation) throws(CommandError) {
        var chosen = columns.filter(\.isDefault)
        if let fields = invocation.text("output") {
            chosen = []
            for field in fields.parts(at: ",", omittingEmpty: false) {
                guard let column = columns.first(where: { $0.key == field }) else {
                    let all = columns.map(\.key).joined(separator: ", ")
                    throw .usage("-o '\(field)' is no field of \(invocation.command.name); it has \(all)")
                }
                chosen.append(column)
            }
        }
        self.columns = chosen
        self.invocation = invocation
        hasChosenFields = invocation.isGiven("output")
        needsHeader = !invocation.isSet("no-header")
        let forms: [(option: String, form: Form)] = [
            ("json", .object), ("jsonl", .lines), ("csv", .csv), ("parsable", .tabs),
        ]
        form = forms.first { invocation.isSet($0.option) }?.form ?? .table
    }

    /// All rows of one reply: with `--json` the reply itself.
    /// - Parameter total: the sums of all rows, for people: below a table of more than one.
    mutating func print(_ rows: [Row], of reply: some Encodable, total: Row? = nil) {
        if form == .object { invocation.writeObject(reply) } else { print(rows, total: total) }
    }

    /// Some of the rows; nothing with `--json`, whose one object comes when all are there.
    mutating func print(_ rows: [Row], total: Row? = nil) {
        defer { isBegun = true }
        let header = needsHeader && !isBegun
        switch form {
        case .object: return
        case .lines: invocation.writeRows(rows)
        case .csv: printRecords(rows, header, CSV.record)
        case .tabs:
            printRecords(rows, header) { fields in
                fields.map { Plain.text($0, keepsLines: false) }.joined(separator: "\t") + "\n"
            }
        case .table: printTable(rows, total: total, header)
        }
    }

    private func printRecords(_ rows: [Row], _ header: Bool, _ record: ([String]) -> String) {
        let lines = rows.map { row in record(columns.map { $0.text(row) }) }
        console.write((header ? record(columns.map(\.key)) : "") + lines.joined())
    }

    private mutating func printTable(_ rows: [Row], total: Row?, _ header: Bool) {
        var cells = rows.map { row in
            columns.map { (text: Self.oneLine($0.text(row)), style: $0.style(row)) }
        }
        if let total, rows.count > 1, needsHeader {
            cells.append(columns.map { (text: $0.totalText ?? Self.oneLine($0.text(total)), style: Style.strong) })
        }
        var layout = self.layout ?? arrange(cells.map { $0.map(\.text) })
        for row in cells {
            // Numbers are never cut.
            for index in layout.shown where columns[index].isRight || !console.isTerminal {
                layout.widths[index] = max(layout.widths[index], Plain.width(of: row[index].text))
            }
        }
        self.layout = layout
        let titles = columns.map { (text: $0.key.uppercased(), style: Style?.some(.strong)) }
        console.write(((header ? [titles] : []) + cells).map { line($0, layout) }.joined())
    }

    /// The layout for these first rows. What a terminal has no room for is left out and named.
    private func arrange(_ cells: [[String]]) -> TableLayout {
        let parts = columns.indices.map { index -> TableLayout.Column in
            let title = needsHeader ? columns[index].key.count : 0
            let width = cells.reduce(title) { max($0, Plain.width(of: $1[index])) }
            let least = columns[index].isRight ? width : min(width, max(title, TableLayout.leastTextWidth))
            return TableLayout.Column(width: width, leastWidth: least, isMinor: columns[index].isMinor)
        }
        guard console.isTerminal else { return TableLayout(natural: parts) }
        let layout = TableLayout(parts, fitting: console.width, keepsAll: hasChosenFields)
        let hidden = columns.indices.filter { !layout.shown.contains($0) }.map { columns[$0].key }
        if !hidden.isEmpty {
            console.complain("no room for \(hidden.joined(separator: ", ")); -o names the fields to show\n")
        }
        return layout
    }

    private func line(_ cells: [(text: String, style: Style?)], _ layout: TableLayout) -> String {
        var text = ""
        for index in layout.shown {
            let isLast = index == layout.shown.last
            let cell = console.isTerminal ? Plain.cut(cells[index].text, to: layout.widths[index]) : cells[index].text
            let padding = String(repeating: " ", count: max(0, layout.widths[index] - Plain.width(of: cell)))
            let painted = console.paint(cell, cells[index].style)
            text += columns[index].isRight ? padding + painted : painted + (isLast ? "" : padding)
            if !isLast { text += String(repeating: " ", count: TableLayout.gap) }
        }
        return text + "\n"
    }

    /// Other people's texts neither break a row nor reach the terminal as control codes.
    private static func oneLine(_ text: String) -> String { Plain.text(text.isEmpty ? "-" : text, keepsLines: false) }
}
