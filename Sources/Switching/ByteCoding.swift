/// Numbers and texts as bytes: numbers little-endian, texts as a UInt16 length and UTF-8.
struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func append(_ number: some FixedWidthInteger) {
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    mutating func append(_ numbers: [Double]) {
        for number in numbers { append(number.bitPattern) }
    }

    mutating func append(_ numbers: [Float]) {
        for number in numbers { append(number.bitPattern) }
    }

    mutating func append(_ text: String) {
        let utf8 = Array(text.utf8)
        precondition(utf8.count <= UInt16.max, "a policy's text of \(utf8.count) bytes is too long")
        append(UInt16(utf8.count))
        bytes += utf8
    }
}

/// Reads what `ByteWriter` wrote; whatever is missing or no number is damage.
struct ByteReader {
    let bytes: [UInt8]
    var position = 0
    /// Reading stops before it.
    var end: Int

    init(bytes: [UInt8], position: Int = 0) {
        self.bytes = bytes
        self.position = position
        end = bytes.count
    }

    func damage(_ reason: String) -> SwitchingError { .damagedPolicy(byteCount: bytes.count, reason: reason) }

    /// A UInt32 that counts what follows, so that it is no more than the bytes left: products of two do not overflow.
    mutating func count(_ what: String) throws(SwitchingError) -> Int {
        let count = Int(try integer(what) as UInt32)
        guard count <= end - position else { throw damage("\(count) is no \(what)") }
        return count
    }

    /// Checks that exactly so many bytes are left.
    func require(_ count: Int, _ what: String) throws(SwitchingError) {
        guard end - position == count else { throw damage("its length does not fit its \(what)") }
    }

    mutating func integer<Number: FixedWidthInteger>(_ what: String) throws(SwitchingError) -> Number {
        let size = Number.bitWidth / 8
        guard end - position >= size else { throw damage("it ends inside its \(what)") }
        var number: Number = 0
        for index in 0..<size { number |= Number(truncatingIfNeeded: bytes[position + index]) << (8 * index) }
        position += size
        return number
    }

    mutating func number(_ what: String) throws(SwitchingError) -> Double {
        let number = Double(bitPattern: try integer(what))
        guard number.isFinite else { throw damage("a number of its \(what) is not finite") }
        return number
    }

    mutating func numbers(_ count: Int, _ what: String) throws(SwitchingError) -> [Double] {
        var numbers: [Double] = []
        numbers.reserveCapacity(min(count, end))
        for _ in 0..<count { numbers.append(try number(what)) }
        return numbers
    }

    mutating func floats(_ count: Int, _ what: String) throws(SwitchingError) -> [Float] {
        var numbers: [Float] = []
        numbers.reserveCapacity(min(count, end))
        for _ in 0..<count {
            let number = Float(bitPattern: try integer(what))
            guard number.isFinite else { throw damage("a number of its \(what) is not finite") }
            numbers.append(number)
        }
        return numbers
    }

    mutating func text(_ what: String) throws(SwitchingError) -> String {
        let length = Int(try integer(what) as UInt16)
        guard end - position >= length else { throw damage("it ends inside its \(what)") }
        defer { position += length }
        guard let text = String(validating: bytes[position..<(position + length)], as: UTF8.self) else {
            throw damage("its \(what) is no UTF-8")
        }
        return text
    }
}

/// A feature vector as bytes, 4 for each Float, little-endian.
package func bytes(of features: [Float]) -> [UInt8] {
    var writer = ByteWriter()
    for feature in features { writer.append(feature.bitPattern) }
    return writer.bytes
}

/// Reads what `bytes(of:)` gives.
package func features(from bytes: [UInt8]) throws(SwitchingError) -> [Float] {
    guard bytes.count.isMultiple(of: 4) else { throw .damagedFeatures(byteCount: bytes.count) }
    var reader = ByteReader(bytes: bytes)
    var features: [Float] = []
    features.reserveCapacity(bytes.count / 4)
    for _ in 0..<(bytes.count / 4) { features.append(Float(bitPattern: try reader.integer("feature"))) }
    return features
}

/// FNV-1a over bytes, to notice damage, not forgery.
func fingerprint(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}
