/// The last number in a text, as people and models write numbers: `-3`, `1,234.5`, `$0.25`, `1.5e-3`, `42.`; nil for none.
package func lastNumber(in text: String) -> Double? {
    let bytes = Array(text.utf8)
    var end = bytes.count
    while end > 0 {
        guard isDigit(bytes[end - 1]) else {
            end -= 1
            continue
        }
        var start = end
        while start > 0, isNumberByte(bytes, at: start - 1) { start -= 1 }
        let digits = bytes[start..<end].filter { $0 != UInt8(ascii: ",") }
        if let number = longestNumber(endingWith: digits) { return number }
        end = start
    }
    return nil
}

/// The number that the longest suffix of `bytes` spells: `3-4` is the two numbers 3 and -4... the last one is -4.
private func longestNumber(endingWith bytes: [UInt8]) -> Double? {
    for start in bytes.indices {
        let text = String(decoding: bytes[start...], as: UTF8.self)
        // Double would also read "inf", "nan" and hexadecimal; the bytes allow none of them.
        if let number = Double(text), number.isFinite { return number }
    }
    return nil
}

private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

/// A byte that can stand inside a number: a digit, a point, a sign, an exponent's e, or a comma between groups of three.
private func isNumberByte(_ bytes: [UInt8], at index: Int) -> Bool {
    let byte = bytes[index]
    func digit(_ offset: Int) -> Bool { bytes.indices.contains(index + offset) && isDigit(bytes[index + offset]) }
    switch byte {
    case UInt8(ascii: "."): return digit(1)
    case UInt8(ascii: ","): return digit(-1) && digit(1) && digit(2) && digit(3) && !digit(4)
    case UInt8(ascii: "-"), UInt8(ascii: "+"):
        return digit(1) || (bytes.indices.contains(index + 1) && bytes[index + 1] == UInt8(ascii: "."))
    case UInt8(ascii: "e"), UInt8(ascii: "E"):
        guard digit(-1) else { return false }
        let hasSign =
            bytes.indices.contains(index + 1)
            && (bytes[index + 1] == UInt8(ascii: "-") || bytes[index + 1] == UInt8(ascii: "+"))
        return digit(1) || (hasSign && digit(2))
    default: return isDigit(byte)
    }
}
