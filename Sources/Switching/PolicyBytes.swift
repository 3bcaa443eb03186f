import Domain

/// A policy as bytes, all numbers little-endian:
///
///     "LPOL", format 1 as UInt16, kind, version Int64, encoder, pair, episode count Int64, through outcome Int64,
///     the body as the kind lays it out, FNV-1a UInt64
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
        switch body {
        case .linear(let values): values.append(to: &writer)
        }
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
        let body = try PolicyBody(of: kind, from: &reader)
        guard reader.position == reader.end else { throw reader.damage("bytes follow its body") }
        self.init(
            kind: kind, version: version, encoderIdentity: encoderIdentity, pairKey: pairKey, body: body,
            episodeCount: Int(episodeCount), throughOutcome: throughOutcome)
    }
}

extension PolicyBody {
    /// Reads the body as policies of a kind lay it out.
    fileprivate init(of kind: SwitcherKind, from reader: inout ByteReader) throws(SwitchingError) {
        switch kind {
        case .fittedQ: self = .linear(try LinearValues(from: &reader))
        case .alwaysQuick, .alwaysDeepthink, .random, .threshold:
            throw reader.damage("a switcher '\(kind.rawValue)' learns nothing")
        }
    }
}

/// The noise's variance Double, the number of features n UInt32, 4 n weights Double, n (n + 1) / 2 factor Float.
extension LinearValues {
    fileprivate func append(to writer: inout ByteWriter) {
        writer.append(noiseVariance.bitPattern)
        writer.append(UInt32(featureCount))
        writer.append(rewardMean)
        writer.append(rewardDifference)
        writer.append(callsMean)
        writer.append(callsDifference)
        writer.append(differencePrecisionFactor)
    }

    fileprivate init(from reader: inout ByteReader) throws(SwitchingError) {
        let noiseVariance = try reader.number("noise variance")
        let n = Int(try reader.integer("feature count") as UInt32)
        guard reader.end - reader.position == 32 * n + 2 * n * (n + 1) else {
            throw reader.damage("its length does not fit its \(n) features")
        }
        self.init(
            rewardMean: try reader.numbers(n, "reward mean"),
            rewardDifference: try reader.numbers(n, "reward difference"),
            callsMean: try reader.numbers(n, "calls mean"),
            callsDifference: try reader.numbers(n, "calls difference"),
            differencePrecisionFactor: try reader.floats(n * (n + 1) / 2, "precision"), noiseVariance: noiseVariance)
    }
}
