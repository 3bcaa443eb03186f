/// The frame of a chart: axes, their labels, and where a value lies. Units of the picture, which is scaled to the page.
struct Plot {
    static let width = 480.0
    let height: Double
    private let left = 52.0
    private let right = 12.0
    private let top = 26.0
    private let bottom = 44.0

    let columns: ClosedRange<Double>
    let rows: ClosedRange<Double>

    /// - Precondition: neither range is of one value (traps).
    init(x columns: ClosedRange<Double>, y rows: ClosedRange<Double>, height: Double = 270) {
        precondition(columns.lowerBound < columns.upperBound && rows.lowerBound < rows.upperBound)
        self.columns = columns
        self.rows = rows
        self.height = height
    }

    func x(_ value: Double) -> Double {
        left + (value - columns.lowerBound) / (columns.upperBound - columns.lowerBound) * (Self.width - left - right)
    }

    func y(_ value: Double) -> Double {
        height - bottom - (value - rows.lowerBound) / (rows.upperBound - rows.lowerBound) * (height - top - bottom)
    }

    /// The picture with its title and description, which a screen reader says and a pointer shows.
    /// - Parameter id: once on the page.
    func picture(_ id: String, title: String, description: String, _ content: String) -> String {
        """
        <svg viewBox="0 0 \(Self.number(Self.width)) \(Self.number(height))" role="img" \
        aria-label="\(HTML.text(title))" aria-describedby="\(id)-description">
        <title>\(HTML.text(title))</title>
        <desc id="\(id)-description">\(HTML.text(description))</desc>
        \(content)</svg>

        """
    }

    /// Lines across with their values at the left.
    /// - Parameter unit: what the values are.
    func rowAxis(_ unit: String, _ label: (Double) -> String) -> String {
        var text = "<text class=\"unit\" x=\"2\" y=\"14\">\(HTML.text(unit))</text>\n"
        for value in Self.ticks(rows) {
            let y = Self.number(y(value))
            text +=
                "<line class=\"grid\" x1=\"\(Self.number(left))\" x2=\"\(Self.number(Self.width - right))\" y1=\"\(y)\" y2=\"\(y)\"/>\n"
            text +=
                "<text class=\"axis\" x=\"\(Self.number(left - 6))\" y=\"\(Self.number(self.y(value) + 4))\" text-anchor=\"end\">\(HTML.text(label(value)))</text>\n"
        }
        return text
    }

    /// Labels below, each at its value.
    func columnAxis(_ labels: [(value: Double, text: String)], _ unit: String) -> String {
        let marks = labels.map { value, label in
            // What stands at an edge stays inside.
            let anchor = x(value) > Self.width - 40 ? "end" : x(value) < left + 20 ? "start" : "middle"
            let place = anchor == "middle" ? x(value) : anchor == "end" ? Self.width - right : left
            return "<text class=\"axis\" x=\"\(Self.number(place))\" y=\"\(Self.number(height - bottom + 16))\" "
                + "text-anchor=\"\(anchor)\">\(HTML.text(label))</text>\n"
        }
        return marks.joined()
            + "<text class=\"unit\" x=\"\(Self.number((left + Self.width - right) / 2))\" y=\"\(Self.number(height - 6))\" "
            + "text-anchor=\"middle\">\(HTML.text(unit))</text>\n"
    }

    func bar(from start: Double, to end: Double, low: Double, high: Double, style: String, title: String) -> String {
        "<rect class=\"\(style)\" x=\"\(Self.number(x(start)))\" y=\"\(Self.number(y(high)))\" "
            + "width=\"\(Self.number(max(0.5, x(end) - x(start))))\" height=\"\(Self.number(y(low) - y(high)))\">"
            + "<title>\(HTML.text(title))</title></rect>\n"
    }

    func line(_ points: [(x: Double, y: Double)], style: String) -> String {
        let path = points.map { "\(Self.number(x($0.x))),\(Self.number(y($0.y)))" }.joined(separator: " ")
        return "<polyline class=\"line \(style)\" points=\"\(path)\"/>\n"
    }

    func point(_ x: Double, _ y: Double, style: String, title: String) -> String {
        "<circle class=\"\(style)\" cx=\"\(Self.number(self.x(x)))\" cy=\"\(Self.number(self.y(y)))\" r=\"4\">"
            + "<title>\(HTML.text(title))</title></circle>\n"
    }

    /// A coordinate with one decimal.
    static func number(_ value: Double) -> String { Phrase.number(value, digits: 1) }

    /// Four to nine round values within a range.
    static func ticks(_ range: ClosedRange<Double>) -> [Double] {
        let span = range.upperBound - range.lowerBound
        var step = 1.0
        while step > span / 4 { step /= 10 }
        while step * 10 <= span / 4 { step *= 10 }
        if step * 5 <= span / 4 { step *= 5 } else if step * 2 <= span / 4 { step *= 2 }
        var values: [Double] = []
        var value = (range.lowerBound / step).rounded(.up) * step
        while value <= range.upperBound + step / 1000 {
            values.append(value)
            value += step
        }
        return values
    }
}
