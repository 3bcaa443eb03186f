/// The words of a text, which are then counted in a fixed number of buckets, by signed hashing. Pairs of words and parts of
/// words are not counted: from hundreds of jobs more is learnt without them.
///
/// Letters are folded to lower case (ASCII; other bytes of UTF-8 count as letters as they are), a run of digits becomes
/// only its length, as the size of the numbers tells more about a problem than the numbers do, and every other mark is
/// a word of its own, as operators are.
/// - Source: Weinberger et al., "Feature hashing for large scale multitask learning", 2009; FNV-1a by Fowler, Noll and
///   Vo.
struct TextWords {
    /// One for each word, in their order.
    private(set) var hashes: [UInt64] = []

    private static let longestNumber = 9

    /// Adds a text's bytes; its last word ends with it.
    mutating func add(_ text: Span<UInt8>) {
        hashes.reserveCapacity(hashes.count + text.count / 3)
        var index = 0
        while index < text.count {
            let start = index
            var word = fnvBasis
            while index < text.count, let letter = folded(text[unchecked: index]) {
                word = fnv(word, letter)
                index += 1
            }
            if index > start {
                hashes.append(word)
                continue
            }
            while index < text.count, isDigit(text[unchecked: index]) { index += 1 }
            if index > start {
                hashes.append(UInt64(min(index - start, Self.longestNumber)))
                continue
            }
            let mark = text[unchecked: index]
            if mark > UInt8(ascii: " ") { hashes.append(fnv(fnvBasis, mark)) }
            index += 1
        }
    }

    /// The words' counts with their signs, square roots taken so that a frequent word does not drown the others, scaled to
    /// length 1; all 0 for a text without words. Different salts spread the same words differently.
    /// - Shapes: result [count]; no units.
    /// - Precondition: `count > 0` (traps).
    func buckets(_ count: Int, salt: UInt64) -> [Float] {
        precondition(count > 0, "words cannot be hashed into no buckets")
        var counts = [Float](repeating: 0, count: count)
        for hash in hashes {
            let bits = mixed(hash ^ salt)
            let bucket = Int(((bits >> 32) &* UInt64(count)) >> 32)
            counts[bucket] += 1 - 2 * Float(bits & 1)
        }
        return normalised(counts.map { $0 < 0 ? -(-$0).squareRoot() : $0.squareRoot() })
    }
}

/// A letter in lower case; nil for any other mark.
private func folded(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte | 0x20
    case UInt8(ascii: "a")...UInt8(ascii: "z"), 0x80...: byte
    default: nil
    }
}

private func isDigit(_ byte: UInt8) -> Bool { byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9") }

private let fnvBasis: UInt64 = 0xCBF2_9CE4_8422_2325

private func fnv(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
}
