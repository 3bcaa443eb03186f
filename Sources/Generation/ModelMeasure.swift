import Domain
import Glibc

/// What a model's header and its files' sizes say, without reading the weights.
struct ModelMeasure: Equatable, Sendable {
    /// The files, in order.
    let paths: [String]
    let stamps: [FileStamp]
    let shape: ModelShape

    var sizeBytes: Int64 { stamps.map(\.sizeBytes).reduce(0, +) }

    init(path: String) throws(GenerationError) {
        let first = try FileStamp(path: path)
        let header: GGUFHeader
        do {
            header = try GGUFHeader(reading: try FileBytes(path: path))
        } catch let failure as FileBytes.Failure {
            throw GenerationError(failure, path: path)
        } catch {
            throw .modelDamaged(path: path, reason: "\((error as? GGUFHeader.Damage)?.reason ?? "\(error)")")
        }
        guard first.sizeBytes >= header.leastSizeBytes else {
            throw .modelDamaged(
                path: path, reason: "it has \(first.sizeBytes) bytes of at least \(header.leastSizeBytes)")
        }
        paths = try Self.partPaths(of: path, header)
        var stamps = [first]
        for part in paths.dropFirst() { stamps.append(try FileStamp(path: part)) }
        self.stamps = stamps
        shape = ModelShape(header)
    }

    /// The files of a model in several parts, `NAME-00001-of-00003.gguf` and so on.
    private static func partPaths(of path: String, _ header: GGUFHeader) throws(GenerationError) -> [String] {
        guard let count = header.integers["split.count"], count > 1 else { return [path] }
        func padded(_ number: Int64) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, 5 - digits.count)) + digits
        }
        let ending = "-\(padded(1))-of-\(padded(count)).gguf"
        guard count <= 99_999, let stem = path.before(ending) else {
            throw .modelDamaged(path: path, reason: "it is one of \(count) parts; name the first, '...\(ending)'")
        }
        return (1...count).map { "\(stem)-\(padded($0))-of-\(padded(count)).gguf" }
    }
}

/// The sizes in a model's header that decide how much memory it takes. 0 where the header does not say.
struct ModelShape: Equatable, Sendable {
    let layers: Int64
    let embedding: Int64
    /// Bytes of the key-value cache for one token, at two bytes a number.
    let cacheBytesPerToken: Int64
    /// The most tokens that it was made for; nil where the header does not say.
    let trainedContext: Int?
    /// nil where the vocabulary allows none.
    let promptBound: PromptBound?
    /// The model reads texts as a whole, for embeddings or ranks, and does not go on with them.
    let embeds: Bool
    let architecture: String

    init(_ header: GGUFHeader) {
        let architecture = header.texts["general.architecture"] ?? ""
        // A size beyond these is damage, and would overflow the sums below: it counts as not said.
        func sane(_ value: Int64) -> Int64? { (0...1 << 20).contains(value) ? value : nil }
        func number(_ key: String) -> Int64? { header.integers["\(architecture).\(key)"].flatMap(sane) }
        let layers = number("block_count") ?? 0
        let embedding = number("embedding_length") ?? 0
        let heads = max(1, number("attention.head_count") ?? 1)
        let keyLength = number("attention.key_length") ?? embedding / heads
        let valueLength = number("attention.value_length") ?? embedding / heads
        let headsOfLayers =
            header.integerArrays["\(architecture).attention.head_count_kv"]?.prefix(1 << 16).compactMap(sane).reduce(
                0, +)
            ?? (number("attention.head_count_kv") ?? heads) * layers
        self.architecture = architecture
        trainedContext = header.integers["\(architecture).context_length"].flatMap {
            (1...1 << 40).contains($0) ? Int($0) : nil
        }
        promptBound = PromptBound(tokenizer: header.texts["tokenizer.ggml.model"], longest: header.longestToken)
        // Mean, first token, last token, rank: what sentence-transformers writes beside an embedding model.
        embeds =
            header.integers["\(architecture).attention.causal"] == 0
            || (1...4).contains(header.integers["\(architecture).pooling_type"] ?? 0)
        self.layers = layers
        self.embedding = embedding
        cacheBytesPerToken = headsOfLayers * (keyLength + valueLength) * 2
    }
}

/// What changes when a file's content does.
struct FileStamp: Equatable, Sendable {
    let sizeBytes: Int64
    private let device: UInt64
    private let inode: UInt64
    private let modified: [Int]

    init(path: String) throws(GenerationError) {
        var status = stat()
        guard stat(path, &status) == 0 else { throw .modelMissing(path: path, reason: errnoText()) }
        sizeBytes = Int64(status.st_size)
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        modified = [
            status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_ctim.tv_sec, status.st_ctim.tv_nsec,
        ]
    }
}
