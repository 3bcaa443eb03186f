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
        case .neural(let values): values.append(to: &writer)
        case .actorCritic(let actorCritic): actorCritic.append(to: &writer)
        case .tabular(let values): values.append(to: &writer)
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
        case .fittedQ, .bandit: self = .linear(try LinearValues(from: &reader))
        case .fittedQMLP: self = .neural(try NeuralValues(from: &reader))
        case .sac: self = .actorCritic(try ActorCritic(from: &reader))
        case .certaintyEquivalence: self = .tabular(try TabularValues(from: &reader))
        case .alwaysQuick, .alwaysDeepthink, .random, .threshold, .swiftSage:
            throw reader.damage("a switcher '\(kind.rawValue)' learns nothing")
        }
    }
}
