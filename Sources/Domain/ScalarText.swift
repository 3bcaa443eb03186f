/// Texts compared and taken apart by their bytes and unicode scalars, as files, pages and other programs know them.
///
/// A Swift `Character` joins a mark of syntax with what stands beside it. `<` behind U+0600 or before U+0301 is another
/// Character, and CR LF is a single one. `==` takes canonically equivalent texts as equal, such as `;` and U+037E.
/// What decides about syntax, safety or size uses these functions instead; TidyTests looks for the others.
extension StringProtocol where SubSequence == Substring {
    /// Whether the text's bytes begin with those of `beginning`.
    package func begins(with beginning: some StringProtocol) -> Bool { utf8.starts(with: beginning.utf8) }

    /// Whether the text's bytes end with those of `ending`.
    package func ends(with ending: some StringProtocol) -> Bool {
        utf8.count >= ending.utf8.count && utf8.suffix(ending.utf8.count).elementsEqual(ending.utf8)
    }

    /// Whether two texts have the same bytes, as SQLite and file systems compare names.
    package func isIdentical(to other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

    /// Whether the scalar stands anywhere in the text.
    package func holds(_ scalar: Unicode.Scalar) -> Bool { unicodeScalars.contains(scalar) }

    /// Whether the bytes of `other` stand anywhere in the text.
    package func holds(_ other: String) -> Bool { lastRange(of: other) != nil }

    /// What follows `beginning`; nil if the text does not begin with its bytes.
    package func behind(_ beginning: some StringProtocol) -> Substring? {
        begins(with: beginning) ? self[utf8.index(startIndex, offsetBy: beginning.utf8.count)...] : nil
    }

    /// What stands before `ending`; nil if the text does not end with its bytes.
    package func before(_ ending: some StringProtocol) -> Substring? {
        ends(with: ending) ? self[..<utf8.index(endIndex, offsetBy: -ending.utf8.count)] : nil
    }

    /// The parts between separators.
    /// - Parameter isSeparator: asked of each scalar.
    package func parts(
        most: Int = .max, omittingEmpty: Bool = true, where isSeparator: (Unicode.Scalar) -> Bool
    ) -> [Substring] {
        unicodeScalars.split(
            maxSplits: most - 1, omittingEmptySubsequences: omittingEmpty, whereSeparator: isSeparator
        ).map { self[$0.startIndex..<$0.endIndex] }
    }

    /// The parts between separators, at most `most` of them.
    package func parts(at separator: Unicode.Scalar, most: Int = .max, omittingEmpty: Bool = true) -> [Substring] {
        parts(most: most, omittingEmpty: omittingEmpty) { $0 == separator }
    }

    /// The text's lines without their ends, empty ones included. A line ends with LF, CR or CR LF.
    package var lines: [Substring] {
        var lines: [Substring] = []
        var start = startIndex
        var index = startIndex
        while index < endIndex {
            let byte = utf8[index]
            let next = utf8.index(after: index)
            guard byte == 0x0a || byte == 0x0d else {
                index = next
                continue
            }
            lines.append(self[start..<index])
            index = byte == 0x0d && next < endIndex && utf8[next] == 0x0a ? utf8.index(after: next) : next
            start = index
        }
        lines.append(self[start...])
        return lines
    }

    /// Without the white space around it.
    package func withoutOuterSpace() -> Substring {
        let scalars = unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return self[endIndex...] }
        return self[first..<scalars.index(after: last)]
    }

    /// Whether the text holds nothing but white space.
    package var isBlank: Bool { unicodeScalars.allSatisfy(\.properties.isWhitespace) }

    /// Where the bytes of `other` stand last; nil if nowhere or if `other` is empty.
    package func lastRange(of other: String) -> Range<String.Index>? {
        let (bytes, wanted) = (Array(utf8), Array(other.utf8))
        guard !wanted.isEmpty, bytes.count >= wanted.count else { return nil }
        for start in stride(from: bytes.count - wanted.count, through: 0, by: -1)
        where bytes[start] == wanted[0] && bytes[start..<start + wanted.count].elementsEqual(wanted) {
            let lower = utf8.index(startIndex, offsetBy: start)
            return lower..<utf8.index(lower, offsetBy: wanted.count)
        }
        return nil
    }

    /// The text with `replacement` in each place where the bytes of `other` stand.
    package func substituting(_ replacement: String, for other: String) -> String {
        var (head, tail) = (self[...], "")
        while let range = head.lastRange(of: other) {
            tail = replacement + head[range.upperBound...] + tail
            head = head[..<range.lowerBound]
        }
        return head + tail
    }

    /// The first `count` scalars, or all of them where there are fewer.
    package func firstScalars(_ count: Int) -> Substring {
        let end = unicodeScalars.index(startIndex, offsetBy: count, limitedBy: endIndex) ?? endIndex
        return self[..<end]
    }

    /// The last `count` scalars, or all of them where there are fewer.
    package func lastScalars(_ count: Int) -> Substring {
        let start = unicodeScalars.index(endIndex, offsetBy: -count, limitedBy: startIndex) ?? startIndex
        return self[start...]
    }
}

extension Unicode.Scalar {
    /// Whether it ends a line: LF, VT, FF, CR, NEL, LS or PS.
    package var isLineBreak: Bool {
        switch value {
        case 0x0a...0x0d, 0x85, 0x2028, 0x2029: true
        default: false
        }
    }

    /// Whether it is one of 0 to 9.
    package var isDigit: Bool { (0x30...0x39).contains(value) }
}

/// A text that is equal to another only if their bytes are: the key of a dictionary whose keys SQLite compares too.
package struct ExactText: Hashable, Sendable {
    package let text: String

    package init(_ text: String) { self.text = text }

    package static func == (left: ExactText, right: ExactText) -> Bool { left.text.isIdentical(to: right.text) }

    package func hash(into hasher: inout Hasher) {
        for byte in text.utf8 { hasher.combine(byte) }
        hasher.combine(UInt8.max)
    }
}
