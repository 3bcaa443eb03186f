import Control

/// One column of a table: its key for `-o`, its header, and what it shows of a row.
struct Column<Row>: Sendable {
    var key: String
    var isRight = false
    /// Shown where `-o` names nothing.
    var isDefault = true
    /// What it shows of a row of sums instead.
    var totalText: String?
    var text: @Sendable (Row) -> String

    init(
        _ key: String, isRight: Bool = false, isDefault: Bool = true, totalText: String? = nil,
        _ text: @escaping @Sendable (Row) -> String
    ) {
        self.key = key
        self.isRight = isRight
        self.isDefault = isDefault
        self.totalText = totalText
        self.text = text
    }
}

/// Rows as a table, CSV or JSON lines: what `--csv`, `--jsonl`, `-o` and `-n` ask for. Rows may come in chunks; the first one
/// sets the widths.
struct Listing<Row: Encodable> {
    private let columns: [Column<Row>]
    private let asLines: Bool
    private let asCSV: Bool
    private var needsHeader: Bool
    private var widths: [Int]
    private let console: Console

    init(_ columns: [Column<Row>], _ invocation: Invocation) throws(CommandError) {
        var chosen = columns.filter(\.isDefault)
        if let fields = invocation.text("output") {
            chosen = []
            for field in fields.split(separator: ",", omittingEmptySubsequences: false) {
                guard let column = columns.first(where: { $0.key == field }) else {
                    let all = columns.map(\.key).joined(separator: ", ")
                    throw .usage("-o '\(field)' is no field of \(invocation.command.name); it has \(all)")
                }
                chosen.append(column)
            }
        }
        self.columns = chosen
        asLines = invocation.isSet("jsonl")
        asCSV = invocation.isSet("csv")
        needsHeader = !invocation.isSet("no-header")
        widths = invocation.isSet("no-header") ? chosen.map { _ in 0 } : chosen.map(\.key.count)
        console = invocation.console
    }

    /// - Parameter total: the sums of all rows, for people: below a table of more than one.
    mutating func print(_ rows: [Row], total: Row? = nil) {
        if asLines {
            for row in rows { console.write(JSONText.text(of: row) + "\n") }
            return
        }
        if asCSV {
            if needsHeader { console.write(CSV.record(columns.map(\.key))) }
            needsHeader = false
            return console.write(rows.map { row in CSV.record(columns.map { $0.text(row) }) }.joined())
        }
        var cells = rows.map { row in columns.map { Self.oneLine($0.text(row)) } }
        if let total, rows.count > 1, needsHeader { cells.append(columns.map { $0.totalText ?? $0.text(total) }) }
        for row in cells {
            for (index, cell) in row.enumerated() { widths[index] = max(widths[index], cell.count) }
        }
        if needsHeader {
            console.write(line(columns.map { $0.key.uppercased() }))
            needsHeader = false
        }
        console.write(cells.map(line).joined())
    }

    private func line(_ cells: [String]) -> String {
        var text = ""
        for (index, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: max(0, widths[index] - cell.count))
            if index > 0 { text += "  " }
            text += columns[index].isRight ? padding + cell : cell + padding
        }
        while text.last == " " { text.removeLast() }
        return text + "\n"
    }

    /// Other people's texts neither break a row nor reach the terminal as control codes.
    private static func oneLine(_ text: String) -> String { Plain.text(text.isEmpty ? "-" : text, keepsLines: false) }
}

/// Texts of unknown origin, made safe for a terminal.
enum Plain {
    /// Control characters become `?`, or spaces where they are white space; new lines stay where `keepsLines` says so.
    static func text(_ text: String, keepsLines: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0a where keepsLines: result.append(scalar)
            case 0x09, 0x0a, 0x0d: result.append(" ")
            case 0..<0x20, 0x7f..<0xa0: result.append("?")
            default: result.append(scalar)
            }
        }
        return String(result)
    }
}
