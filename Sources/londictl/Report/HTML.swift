/// Pieces of a page. What comes from outside goes through `text`.
enum HTML {
    /// Text as it stands between tags and in quoted attributes; control characters, which no page may have, are replaced.
    static func text(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in Plain.text(text, keepsLines: true).unicodeScalars {
            switch scalar {
            case "&": result += "&amp;".unicodeScalars
            case "<": result += "&lt;".unicodeScalars
            case ">": result += "&gt;".unicodeScalars
            case "\"": result += "&quot;".unicodeScalars
            case "'": result += "&#39;".unicodeScalars
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// A table whose first cell of each row names it.
    /// - Parameter numbers: the columns that are set to the right.
    static func table(_ caption: String, _ header: [String], _ rows: [[String]], numbers: Set<Int> = []) -> String {
        func cell(_ index: Int, _ value: String) -> String {
            let mark = numbers.contains(index) ? " class=\"n\"" : ""
            return index == 0 ? "<th scope=\"row\"\(mark)>\(text(value))</th>" : "<td\(mark)>\(text(value))</td>"
        }
        let head = header.enumerated().map { index, title in
            "<th scope=\"col\"\(numbers.contains(index) ? " class=\"n\"" : "")>\(text(title))</th>"
        }
        let body = rows.map { "<tr>\($0.enumerated().map(cell).joined())</tr>\n" }.joined()
        return """
            <p class="note">\(text(caption))</p>
            <div class="scroll" role="region" tabindex="0" aria-label="\(text(caption))"><table>
            <thead><tr>\(head.joined())</tr></thead>
            <tbody>
            \(body)</tbody></table></div>

            """
    }

    /// What a reader may open.
    static func details(_ summary: String, _ content: String) -> String {
        "<details><summary>\(text(summary))</summary>\n\(content)</details>\n"
    }

    /// What each colour of a chart stands for.
    static func legend(_ names: [(name: String, style: String)]) -> String {
        let items = names.map { "<li><span class=\"swatch \($0.style)\"></span>\(text($0.name))</li>" }
        return "<ul class=\"legend\">\(items.joined())</ul>\n"
    }

    static func section(_ title: String, _ content: String, note: String? = nil) -> String {
        let note = note.map { "<p class=\"note\">\(text($0))</p>\n" } ?? ""
        return "<section>\n<h2>\(text(title))</h2>\n\(note)\(content)</section>\n"
    }
}
