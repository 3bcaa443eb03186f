/// What both pictures of a figure are drawn with.
enum PaperDrawing {
    /// A whole SVG on white.
    static func svg(width: Double, height: Double, _ parts: [String]) -> String {
        let head = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(width) \(height)\" "
                + "font-family=\"sans-serif\" font-size=\"12\">",
            "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>",
        ]
        return (head + parts + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    /// A text with its middle at `x`.
    static func label(_ text: String, _ x: Double, _ y: Double) -> String {
        "<text x=\"\(x)\" y=\"\(y)\" text-anchor=\"middle\">\(text)</text>"
    }
}
