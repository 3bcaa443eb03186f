/// What a GGUF file says about itself before its tensors: enough to estimate memory and to notice a truncated file.
/// - Source: ggml, docs/gguf.md, versions 2 and 3, little-endian.
struct GGUFHeader: Equatable {
    /// Metadata that are integers or booleans, by key.
    private(set) var integers: [String: Int64] = [:]
    /// Metadata that are texts of up to `longestText` bytes.
    private(set) var texts: [String: String] = [:]
    /// Metadata that are short arrays of integers: one number per layer.
    private(set) var integerArrays: [String: [Int64]] = [:]
    private(set) var arrayCounts: [String: Int64] = [:]
    /// Of the vocabulary.
    private(set) var longestToken = TokenLengths()
    /// Where the tensors' data end at least, in bytes from the file's beginning.
    private(set) var leastSizeBytes: Int64 = 0

    private static let longestText: UInt64 = 4096
    private static let longestKey: UInt64 = 65_535
    private static let longestKeptArray: UInt64 = 4096
    private static let mostEntries: UInt64 = 1_000_000

    /// The file is no GGUF file, or a damaged one.
    struct Damage: Error, Equatable {
        let reason: String
    }

    /// Reads from the file's beginning.
    init(reading file: FileBytes) throws(Damage) {
        do {
            try readEntries(file)
        } catch let damage as Damage {
            throw damage
        } catch FileBytes.Failure.ended(let byte) {
            throw Damage(reason: "it ends at byte \(byte), within its header")
        } catch {
            throw Damage(reason: "\(error)")
        }
    }

    private mutating func readEntries(_ file: FileBytes) throws {
        guard try file.bytes(4) == Array("GGUF".utf8) else {
            throw Damage(reason: "it does not begin with 'GGUF'")
        }
        let version = try file.integer(UInt32.self)
        guard (2...3).contains(version) else { throw Damage(reason: "GGUF version \(version) is unknown") }
        let tensorCount = try file.integer(UInt64.self)
        let entryCount = try file.integer(UInt64.self)
        guard tensorCount <= Self.mostEntries, entryCount <= Self.mostEntries else {
            throw Damage(reason: "\(tensorCount) tensors and \(entryCount) metadata are too many")
        }
        for _ in 0..<entryCount { try readEntry(file) }
        try readTensors(file, count: tensorCount)
    }

    private mutating func readEntry(_ file: FileBytes) throws {
        let keyLength = try file.integer(UInt64.self)
        guard keyLength <= Self.longestKey else { throw Damage(reason: "a key of \(keyLength) bytes") }
        let key = String(decoding: try file.bytes(Int(keyLength)), as: UTF8.self)
        let type = try file.integer(UInt32.self)
        switch type {
        case 8:
            let length = try file.integer(UInt64.self)
            if length <= Self.longestText {
                texts[key] = String(decoding: try file.bytes(Int(length)), as: UTF8.self)
            } else {
                try file.skip(Int64(clamping: length))
            }
        case 9: try readArray(file, key: key)
        default:
            if let value = try scalar(file, type: type) { integers[key] = value }
        }
    }

    private mutating func readArray(_ file: FileBytes, key: String) throws {
        let type = try file.integer(UInt32.self)
        let count = try file.integer(UInt64.self)
        arrayCounts[key] = Int64(clamping: count)
        if type == 8 {
            // Each text takes at least its eight bytes of length, so a false count ends at the file's end.
            for _ in 0..<count {
                let length = try file.integer(UInt64.self)
                if key == "tokenizer.ggml.tokens", length <= Self.longestText {
                    longestToken.take(try file.bytes(Int(length)))
                } else {
                    try file.skip(Int64(clamping: length))
                }
            }
        } else if count <= Self.longestKeptArray {
            var values: [Int64] = []
            for _ in 0..<count {
                if let value = try scalar(file, type: type) { values.append(value) }
            }
            if values.count == Int(count) { integerArrays[key] = values }
        } else {
            let (length, overflow) = count.multipliedReportingOverflow(by: UInt64(try width(of: type)))
            guard !overflow else { throw Damage(reason: "an array of \(count) values") }
            try file.skip(Int64(clamping: length))
        }
    }

    /// An integer or boolean; nil for a floating-point number, which is skipped.
    private func scalar(_ file: FileBytes, type: UInt32) throws -> Int64? {
        switch type {
        case 0, 7: Int64(try file.integer(UInt8.self))
        case 1: Int64(try file.integer(Int8.self))
        case 2: Int64(try file.integer(UInt16.self))
        case 3: Int64(try file.integer(Int16.self))
        case 4: Int64(try file.integer(UInt32.self))
        case 5: Int64(try file.integer(Int32.self))
        case 10: Int64(clamping: try file.integer(UInt64.self))
        case 11: try file.integer(Int64.self)
        default: try skipped(file, type: type)
        }
    }

    private func skipped(_ file: FileBytes, type: UInt32) throws -> Int64? {
        try file.skip(Int64(try width(of: type)))
        return nil
    }

    private func width(of type: UInt32) throws -> Int {
        switch type {
        case 0, 1, 7: 1
        case 2, 3: 2
        case 4, 5, 6: 4
        case 10, 11, 12: 8
        default: throw Damage(reason: "metadata of unknown type \(type)")
        }
    }

    private mutating func readTensors(_ file: FileBytes, count: UInt64) throws {
        var furthest: Int64 = 0
        for _ in 0..<count {
            let nameLength = try file.integer(UInt64.self)
            guard nameLength <= Self.longestKey else { throw Damage(reason: "a tensor name of \(nameLength) bytes") }
            try file.skip(Int64(nameLength))
            let dimensions = try file.integer(UInt32.self)
            guard dimensions <= 8 else { throw Damage(reason: "a tensor of \(dimensions) dimensions") }
            var elements: Int64 = 1
            for _ in 0..<dimensions {
                let (product, overflow) = elements.multipliedReportingOverflow(
                    by: Int64(clamping: try file.integer(UInt64.self)))
                guard !overflow, product >= 0, product < 1 << 56 else {
                    throw Damage(reason: "a tensor too large for any machine")
                }
                elements = product
            }
            let type = try file.integer(UInt32.self)
            let offset = Int64(clamping: try file.integer(UInt64.self))
            let (end, overflow) = offset.addingReportingOverflow(Self.leastBytes(type: type, elements: elements))
            guard !overflow else { throw Damage(reason: "a tensor beyond the end of any file") }
            furthest = max(furthest, end)
        }
        guard count > 0 else { return }
        let alignment = integers["general.alignment"] ?? 32
        guard (1...1 << 20).contains(alignment) else { throw Damage(reason: "an alignment of \(alignment) bytes") }
        let data = (file.position + alignment - 1) / alignment * alignment
        let (size, overflow) = data.addingReportingOverflow(furthest)
        guard !overflow else { throw Damage(reason: "a tensor beyond the end of any file") }
        leastSizeBytes = size
    }

    /// The bytes that a tensor takes; for a type that is not in the table one bit an element, which any takes.
    /// - Source: ggml.h, enum ggml_type; ggml-common.h, the blocks' sizes.
    private static func leastBytes(type: UInt32, elements: Int64) -> Int64 {
        let blocks: [UInt32: (elements: Int64, bytes: Int64)] = [
            0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
            11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 24: (1, 1), 25: (1, 2),
            26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2),
        ]
        let block = blocks[type] ?? (8, 1)
        return elements / block.elements * block.bytes
    }
}
