import Blocking
import Domain
import Glibc
import Hashing

/// A model on disk that was looked at: it is there, whole, and the one that was asked for.
struct ModelFile: Equatable, Sendable {
    let path: String
    /// Its parts, in order; one of most models.
    let paths: [String]
    /// All parts together.
    let sizeBytes: Int64
    /// SHA-256 over all parts in order, hexadecimal.
    let sha256: String
    /// As the header says; nil where it does not.
    let trainedContext: Int?
    let promptBound: PromptBound?

    /// Why a configured context is too large; nil where it is not.
    func complaint(about context: Int) -> String? {
        guard let trainedContext, context > trainedContext else { return nil }
        return "Context=\(context) is more than the \(trainedContext) tokens that the model was made for: "
            + "beyond them it writes nonsense, or the server cuts; set Context=\(trainedContext) or less in londid.conf"
    }

    /// What a policy calls the model: the hash's first 16 digits and the file's name.
    var identity: String { "\(sha256.prefix(16))-\(baseName(path))" }
}

/// Looks at model files, and remembers a hash for as long as the files stay the same.
actor ModelInspector {
    private let executor = BlockingExecutor(label: "londi.model")
    private var known: [String: (measure: ModelMeasure, sha256: String)] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// Checks that an engine's model is there, whole, and the one asked for. Reads the whole file: about a second for
    /// each gigabyte.
    func inspect(_ engine: LocalEngine) throws(GenerationError) -> ModelFile {
        let measure = try ModelMeasure(path: engine.modelPath)
        if measure.shape.embeds, !engine.isEncoder {
            throw .modelUnfit(
                path: engine.modelPath,
                reason: "it is an embedding model (architecture \(measure.shape.architecture)), which reads texts "
                    + "and writes none")
        }
        let sha256: String
        if let seen = known[engine.modelPath], seen.measure == measure {
            sha256 = seen.sha256
        } else {
            sha256 = try hash(measure.paths)
            known[engine.modelPath] = (measure, sha256)
        }
        if let expected = engine.sha256?.lowercased(), expected != sha256 {
            throw .wrongHash(path: engine.modelPath, expected: expected, actual: sha256)
        }
        return ModelFile(
            path: engine.modelPath, paths: measure.paths, sizeBytes: measure.sizeBytes, sha256: sha256,
            trainedContext: measure.shape.trainedContext, promptBound: measure.shape.promptBound)
    }

    private func hash(_ paths: [String]) throws(GenerationError) -> String {
        let hash = SHA256()
        for path in paths {
            do {
                let file = try FileBytes(path: path)
                var chunk = try file.chunk()
                while !chunk.isEmpty && !Task.isCancelled {
                    chunk.withUnsafeBytes { hash.update($0) }
                    chunk = try file.chunk()
                }
            } catch {
                throw GenerationError(error, path: path)
            }
        }
        // A daemon that is told to stop does not read a large model to its end first.
        if Task.isCancelled { throw .cancelled(partial: Generated(text: "", stopReason: .interrupted)) }
        return hexadecimal(hash.finish())
    }
}

extension GenerationError {
    init(_ failure: FileBytes.Failure, path: String) {
        switch failure {
        case .cannotOpen(let reason): self = .modelMissing(path: path, reason: reason)
        case .cannotRead(let reason): self = .modelDamaged(path: path, reason: reason)
        case .ended(let byte): self = .modelDamaged(path: path, reason: "it ends at byte \(byte)")
        }
    }
}

/// The last component of a path.
func baseName(_ path: String) -> String { path.parts(at: "/").last.map(String.init) ?? path }
