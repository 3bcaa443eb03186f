import Control
import Domain
import FoundationEssentials
import Testing

/// Batch lines and frames come from strangers: what is JSON must be read exactly, what is not must be refused with a
/// place, and nothing may crash.
@Suite struct `JSON` {
    @Test(arguments: [
        ("null", JSONValue.null), ("true", .bool(true)), (" false ", .bool(false)), ("0", .integer(0)),
        ("-12", .integer(-12)), ("9223372036854775807", .integer(.max)), ("9223372036854775808", .number(0x1p63)),
        ("1.5e3", .number(1500)), ("-0.25", .number(-0.25)), ("\"\"", .string("")),
        (#""a\"\\\/\b\f\n\r\t""#, .string("a\"\\/\u{8}\u{c}\n\r\t")), (#""\u00e9\ud83d\ude00ü""#, .string("é😀ü")),
        ("[]", .array([])), ("[1, [2]]", .array([.integer(1), .array([.integer(2)])])), ("{}", .object([:])),
        (#"{"a": {"b": [null]}}"#, .object(["a": .object(["b": .array([.null])])])),
    ])
    func `values are read`(text: String, value: JSONValue) throws {
        #expect(try JSONReader.value(of: text) == value)
    }

    @Test(arguments: [
        ("", 1, "a value was expected, found the end"), ("tru", 4, "true was expected, found the end"),
        ("[1,]", 4, "a value was expected, found ']'"), ("[1 2]", 4, "',' or ']' was expected, found '2'"),
        ("{\"a\" 1}", 6, "':' was expected after 'a', found '1'"),
        ("{a:1}", 2, "a member's name in quotes was expected, found 'a'"),
        ("{\"a\":1,\"a\":2}", 13, "member 'a' occurs twice"),
        (
            "{\"\u{e9}\":1,\"e\u{301}\":2}", 16,
            "member 'e\u{301}' occurs twice, in two Unicode forms of one name; give one of them another name"
        ),
        ("01", 3, "a number does not begin with 0"),
        ("1.", 3, "a digit was expected after '.', found the end"),
        ("1e", 3, "a digit was expected in the exponent, found the end"),
        ("1e999", 6, "1e999 is out of range"), ("\"abc", 5, "a string does not end"),
        ("\"\\", 3, "a string does not end"),
        ("\"\n\"", 2, "a control character stands unescaped in a string"), (#""\x""#, 2, #"'\x' is no escape"#),
        (#""\ud800""#, 2, "\\u needs four hexadecimal digits and a whole pair"),
        ("1 2", 3, "more follows after the value: '2'"), ("NaN", 1, "a value was expected, found 'N'"),
    ])
    func `what is no JSON is refused with its place`(text: String, column: Int, what: String) {
        let error = #expect(throws: JSONError.self) { try JSONReader.value(of: text) }
        #expect(error?.description == "not JSON at column \(column): \(what)")
    }

    @Test func `is not read deeper than the limit`() throws {
        let limit = JSONReader.depthLimit
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        _ = try JSONReader.value(of: nested(limit))
        #expect(throws: JSONError.self) { try JSONReader.value(of: nested(limit + 2)) }
        #expect(throws: JSONError.self) { try JSONReader.value(of: String(repeating: "[", count: 1_000_000)) }
    }

    @Test func `with bytes that are not UTF-8 is refused`() {
        let error = #expect(throws: JSONError.self) { try JSONReader.value(of: [0x22, 0xc3, 0x28, 0x22]) }
        #expect(error?.what == "a string is not UTF-8")
    }

    /// Foundation's decoder is another reading of the same standard: on damaged texts both must accept the same ones.
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `is read as Foundation reads it, damaged or not`(seed: UInt64) throws {
        var random = Seeded(seed)
        let source = Array(#"{"custom_id":"a\u00e91","n":[1,-2.5e-1,true,null],"o":{"x":"\n\\","y":{}}}"#.utf8)
        for round in 0..<50 {
            var bytes = source
            for _ in 0..<Int.random(in: 0...2, using: &random) {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] = UInt8.random(in: 0x20...0x7e, using: &random)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            var ours: JSONValue?
            do { ours = try JSONReader.value(of: bytes) } catch { ours = nil }
            var theirs: JSONValue?
            do { theirs = try JSONDecoder().decode(JSONValue.self, from: Data(bytes)) } catch { theirs = nil }
            // We refuse a member that occurs twice, they take one of the two.
            if ours == nil, theirs != nil, text.contains("\"") {
                let error = #expect(throws: JSONError.self) { try JSONReader.value(of: bytes) }
                if error?.what.contains("occurs twice") == true { continue }
            }
            #expect(ours == theirs, "seed \(seed), round \(round): \(text)")
        }
    }
}
