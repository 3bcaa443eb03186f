/// Counts the words, word pairs and character 4-grams of a text in a fixed number of buckets, by signed hashing.
///
/// Letters are folded to lower case (ASCII; other bytes of UTF-8 count as letters as they are), a run of digits becomes
/// only its length, as the size of the numbers tells more about a problem than the numbers do, and every other mark is
/// a word of its own, as operators are.
/// - Source: Weinberger et al., "Feature hashing for large scale multitask learning", 2009; FNV-1a by Fowler, Noll and
///   Vo.
struct TextBuckets {
    private(set) var counts: [Float]
    private let salt: UInt64
    private var word: UInt64 = fnvBasis
    private var wordLength = 0
    private var digitCount: UInt64 = 0
    private var previous: UInt64 = 0
    private var lastFour: UInt32 = 0

    private static let pairWeight: Float = 0.5
    private static let characterWeight: Float = 0.25
    private static let longestNumber: UInt64 = 9

    /// Different salts spread the same words differently.
    init(count: Int, salt: UInt64) {
        precondition(count > 0, "a text cannot be hashed into no buckets")
        counts = [Float](repeating: 0, count: count)
        self.salt = salt
    }

    /// Adds a text's bytes; its last word ends with it.
    mutating func add(_ text: Span<UInt8>) {
        for index in text.indices {
            let byte = text[unchecked: index]
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"): addLetter(byte | 0x20)
            case UInt8(ascii: "a")...UInt8(ascii: "z"), 0x80...: addLetter(byte)
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if wordLength > 0 { endWord() }
                digitCount += 1
            case 0...UInt8(ascii: " "): endWord()
            default:
                endWord()
                addWord(fnv(fnvBasis, byte))
            }
        }
        endWord()
    }

    /// The counts with their signs, square roots taken so that a frequent word does not drown the others, scaled to
    /// length 1; all 0 for a text without words.
    func normalised() -> [Float] {
        let roots = counts.map { $0 < 0 ? -(-$0).squareRoot() : $0.squareRoot() }
        return Switching.normalised(roots)
    }

    private mutating func addLetter(_ byte: UInt8) {
        if digitCount > 0 { endWord() }
        word = fnv(word, byte)
        wordLength += 1
        lastFour = lastFour << 8 | UInt32(byte)
        if wordLength >= 4 { count(UInt64(lastFour) | 1 << 40, Self.characterWeight) }
    }

    private mutating func endWord() {
        if wordLength > 0 {
            addWord(word)
            word = fnvBasis
            wordLength = 0
        } else if digitCount > 0 {
            addWord(min(digitCount, Self.longestNumber))
            digitCount = 0
        }
    }

    private mutating func addWord(_ hash: UInt64) {
        count(hash, 1)
        // The pair's hash depends on its order; before the first word `previous` is 0 and there is no pair.
        if previous != 0 { count(mixed(previous) &+ hash, Self.pairWeight) }
        previous = hash
    }

    private mutating func count(_ hash: UInt64, _ weight: Float) {
        let bits = mixed(hash ^ salt)
        let bucket = Int(((bits >> 32) &* UInt64(counts.count)) >> 32)
        counts[bucket] += bits & 1 == 0 ? weight : -weight
    }
}

private let fnvBasis: UInt64 = 0xCBF2_9CE4_8422_2325

private func fnv(_ hash: UInt64, _ byte: UInt8) -> UInt64 {
    (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
}
