import Domain
import Testing

/// The pieces out of which every reader of configuration, options and server answers is made.
@Suite struct `Text by its scalars` {
    /// What makes another Character of the mark beside it.
    private static let neighbours = [("\u{600}", ""), ("", "\u{301}"), ("\u{600}", "\u{301}"), ("", "\u{200d}")]

    @Test(arguments: neighbours)
    func `a mark is found beside whatever stands there`(before: String, after: String) {
        let text = "a\(before)=\(after)b"
        #expect(text.holds("=") && text.holds("=" as String))
        #expect(text.parts(at: "=") == [Substring("a\(before)"), Substring("\(after)b")])
        #expect("=\(after)".begins(with: "=") && "\(before)=".ends(with: "="))
        #expect("--\(after)x".behind("--").map { $0.isIdentical(to: "\(after)x") } == true)
        #expect("x\(before)]".before("]").map { $0.isIdentical(to: "x\(before)") } == true)
        #expect(text.lastRange(of: "=").map { text[$0.upperBound...].isIdentical(to: "\(after)b") } == true)
        #expect("x\(before)key\(after) key".substituting("[]", for: "key").isIdentical(to: "x\(before)[]\(after) []"))
    }

    @Test func `what is only equivalent is not the same`() {
        #expect("\u{37e}" == ";" && !"\u{37e}".begins(with: ";") && !"\u{37e}".isIdentical(to: ";"))
        #expect(!"e\u{301}".isIdentical(to: "é") && "é".isIdentical(to: "é"))
        #expect(Set([ExactText("e\u{301}"), ExactText("é"), ExactText("é")]).count == 2)
    }

    @Test func `lines end with LF, CR or both`() {
        #expect("a\r\nb\n\nc\rd".lines == ["a", "b", "", "c", "d"])
        #expect("".lines == [""] && "a\n".lines == ["a", ""])
    }

    @Test func `parts are as many as asked for`() {
        #expect("a=b=c".parts(at: "=", most: 2, omittingEmpty: false) == ["a", "b=c"])
        #expect("=".parts(at: "=", omittingEmpty: false) == ["", ""])
        #expect(",a,,b".parts(at: ",") == ["a", "b"])
        #expect("12/3".parts(where: { !$0.isDigit }) == ["12", "3"])
    }

    @Test func `white space goes and marks on it stay`() {
        #expect(" \u{a0}\r\na b\t".withoutOuterSpace() == "a b")
        #expect(" \u{301}a".withoutOuterSpace().isIdentical(to: "\u{301}a"))
        #expect(" \n\t".isBlank && "".isBlank && !" \u{301}".isBlank)
        #expect(" ".withoutOuterSpace() == "")
    }

    /// One Character can have megabytes.
    @Test func `a beginning and an end are counted in scalars`() {
        let long = "a" + String(repeating: "\u{301}", count: 1000)
        #expect(long.firstScalars(10).unicodeScalars.count == 10)
        #expect(long.lastScalars(10).unicodeScalars.count == 10)
        #expect("ab".firstScalars(5) == "ab" && "ab".lastScalars(5) == "ab")
    }

    @Test func `nothing stands nowhere`() {
        #expect("abc".lastRange(of: "") == nil && "".lastRange(of: "a") == nil && "ab".lastRange(of: "abc") == nil)
        #expect("aXbX".lastRange(of: "X").map { "aXbX"[..<$0.lowerBound] } == "aXb")
        #expect("".before("d") == nil && "d".before("d") == "")
    }
}
