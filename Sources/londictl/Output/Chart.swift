/// Numbers as pictures of text.
enum Chart {
    private static let marks = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"]
    /// A longer series is drawn as so many sums of neighbours.
    static let mostMarks = 30

    /// `[######....]`
    static func bar(_ filled: Int, of cells: Int, rest: String = ".") -> String {
        let filled = min(max(filled, 0), cells)
        return "[" + String(repeating: "#", count: filled) + String(repeating: rest, count: cells - filled) + "]"
    }

    /// `▁▁▃█`: a mark for each value, the greatest as high as a line; a space for none.
    static func sparkline(_ values: [Int64]) -> String {
        let groups = (values.count + mostMarks - 1) / mostMarks
        let sums = stride(from: 0, to: values.count, by: max(1, groups)).map { start in
            values[start..<min(start + groups, values.count)].reduce(0, +)
        }
        guard let greatest = sums.max(), greatest > 0 else { return "" }
        let line = sums.map { sum -> String in
            sum <= 0 ? " " : marks[min(marks.count - 1, Int(Double(sum) / Double(greatest) * Double(marks.count)))]
        }
        return line.joined()
    }
}
