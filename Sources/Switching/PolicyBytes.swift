import Domain

/// A policy as bytes, all numbers little-endian:
///
///     "LPOL", format 1 as UInt16, kind, version Int64, encoder, pair, episode count Int64, through outcome Int64,
///     noise variance Double, feature count n as UInt32, 4 n weights Double, n (n + 1) / 2 factor Float, FNV-1a UInt64
///
/// Texts are a UInt16 length and UTF-8. The last 8 bytes are the hash of all before them.
extension Policy {
    private static let magic = Array("LPOL".utf8)
    private static let format: UInt16 = 1

    /// The snapshot as bytes: the same policy always gives the same ones.
    package var bytes: [UInt8] {
        var writer = ByteWriter()
        writer.bytes += Self.magic
        writer.append(Self.format)
        writer.append(kind.rawValue)
        writer.append(version)
        writer.append(encoderIdentity)
        writer.append(pairKey)
        writer.append(Int64(episodeCount))
        writer.append(throughOutcome)
        writer.append(parameters.noiseVariance.bitPattern)
        writer.append(UInt32(parameters.featureCount))
        for weights in [
            parameters.rewardMean, parameters.rewardDifference, parameters.callsMean, parameters.callsDifference,
        ] {
            for weight in weights { writer.append(weight.bitPattern) }
        }
        for number in parameters.differencePrecisionFactor { writer.append(number.bitPattern) }
        writer.append(fingerprint(writer.bytes[...]))
        return writer.bytes
    }

    /// Reads what `bytes` gives.
    /// - Throws: `damagedPolicy` for anything else, `unknownPolicyFormat` for another Londi's snapshot.
    package init(bytes: [UInt8]) throws(SwitchingError) {
        var reader = ByteReader(bytes: bytes)
        guard bytes.starts(with: Self.magic) else { throw reader.damage("it does not begin with LPOL") }
        reader.position = Self.magic.count
        let format: UInt16 = try reader.integer("format")
        guard format == Self.format else { throw .unknownPolicyFormat(found: format, supported: Self.format) }
        guard bytes.count >= 14 else { throw reader.damage("its hash is missing") }
        var tail = ByteReader(bytes: bytes, position: bytes.count - 8)
        let stated: UInt64 = try tail.integer("hash")
        guard stated == fingerprint(bytes.dropLast(8)) else { throw reader.damage("its hash does not match") }
        reader.end = bytes.count - 8

        let kindName = try reader.text("kind")
        guard let kind = SwitcherKind(rawValue: kindName) else { throw reader.damage("'\(kindName)' is no switcher") }
        let version: Int64 = try reader.integer("version")
        let encoderIdentity = try reader.text("encoder")
        let pairKey = try reader.text("pair")
        let episodeCount: Int64 = try reader.integer("episode count")
        let throughOutcome: Int64 = try reader.integer("outcome")
        let noiseVariance = try reader.number("noise variance")
        let n = Int(try reader.integer("feature count") as UInt32)
        guard reader.end - reader.position == 32 * n + 2 * n * (n + 1) else {
            throw reader.damage("its length does not fit its \(n) features")
        }
        func weights(_ what: String) throws(SwitchingError) -> [Double] {
            var weights: [Double] = []
            weights.reserveCapacity(n)
            for _ in 0..<n { weights.append(try reader.number(what)) }
            return weights
        }
        var parameters = Parameters(zero: 0)
        parameters.rewardMean = try weights("reward mean")
        parameters.rewardDifference = try weights("reward difference")
        parameters.callsMean = try weights("calls mean")
        parameters.callsDifference = try weights("calls difference")
        for _ in 0..<(n * (n + 1) / 2) {
            let number = Float(bitPattern: try reader.integer("precision"))
            guard number.isFinite else { throw reader.damage("a number of its precision is not finite") }
            parameters.differencePrecisionFactor.append(number)
        }
        parameters.noiseVariance = noiseVariance
        self.init(
            kind: kind, version: version, encoderIdentity: encoderIdentity, pairKey: pairKey, parameters: parameters,
            episodeCount: Int(episodeCount), throughOutcome: throughOutcome)
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

private struct ByteWriter {
    var bytes: [UInt8] = []

    mutating func append(_ number: some FixedWidthInteger) {
        for shift in stride(from: 0, to: number.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: number >> shift))
        }
    }

    mutating func append(_ text: String) {
        let utf8 = Array(text.utf8)
        precondition(utf8.count <= UInt16.max, "a policy's text of \(utf8.count) bytes is too long")
        append(UInt16(utf8.count))
        bytes += utf8
    }
}

private struct ByteReader {
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

/// FNV-1a over bytes, to notice damage, not forgery.
private func fingerprint(_ bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
}
