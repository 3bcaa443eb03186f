/// Which columns of a table are shown, and how wide they are.
struct TableLayout: Equatable {
    /// A column as the layout sees it; widths in cells of a terminal.
    struct Column {
        /// Of its widest cell, the header included.
        var width: Int
        /// It may be cut to this; `width` where it may not be cut.
        var leastWidth: Int
        /// It is left out before others.
        var isMinor = false
    }

    /// Between two columns.
    static let gap = 2
    /// A text that is cut keeps so many cells, or its header's.
    static let leastTextWidth = 12

    /// Indices of the columns that are shown, ascending.
    var shown: [Int]
    /// Of every column, shown or not.
    var widths: [Int]

    /// Everything as wide as it is.
    init(natural columns: [Column]) {
        shown = Array(columns.indices)
        widths = columns.map(\.width)
    }

    /// Cuts the widest texts, and where that is not enough leaves columns out: minor ones first, the last one first. One
    /// always stays.
    /// - Parameter keepsAll: none may be left out.
    init(_ columns: [Column], fitting width: Int, keepsAll: Bool) {
        self.init(natural: columns)
        while true {
            widths = columns.map(\.width)
            cutWidest(columns, to: width)
            guard total > width, !keepsAll, shown.count > 1 else { return }
            let victim = shown.last { columns[$0].isMinor } ?? shown[shown.count - 1]
            shown.removeAll { $0 == victim }
        }
    }

    private var total: Int { shown.reduce(Self.gap * (shown.count - 1)) { $0 + widths[$1] } }

    private mutating func cutWidest(_ columns: [Column], to width: Int) {
        while total > width {
            let widest = shown.filter { widths[$0] > columns[$0].leastWidth }.max { widths[$0] < widths[$1] }
            guard let widest else { return }
            widths[widest] -= 1
        }
    }
}
