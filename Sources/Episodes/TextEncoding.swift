import Domain
package import Generation
package import Switching
import Synchronization

/// Reads a state's texts before the step's transaction begins, in the way of one encoder.
package protocol TextEncoding: Sendable {
    /// The encoder whose features come of it. Suspends until its model is known first.
    var encoder: any FeatureEncoder { get async }

    /// What the encoder makes of the state's texts, one number for each of its `textNames`.
    /// - Throws: where a model is needed and away: the step waits, and no other encoder takes its place.
    func text(of state: SwitcherState) async throws(GenerationError) -> [Float]
}

/// Texts as hashed words: nobody is asked.
package struct HashedTexts: TextEncoding {
    private let hashing: HashedEncoder

    package init(_ hashing: HashedEncoder = HashedEncoder()) { self.hashing = hashing }

    package var encoder: any FeatureEncoder { get async { hashing } }

    package func text(of state: SwitcherState) async throws(GenerationError) -> [Float] { hashing.text(of: state) }
}

/// Texts as the embeddings of the model in the encoder role. What is the same at each step of a job is asked once.
package final class EmbeddedTexts: TextEncoding {
    private static let mostQuestions = 256

    private struct Known {
        /// What the rest was made by.
        var encoder: ModelEncoder
        var mean: [Float]
        /// The features of questions by their text.
        var questions: [String: [Float]] = [:]
    }

    private let model: any EmbeddingModel
    private let known = Mutex<Known?>(nil)

    package init(_ model: any EmbeddingModel) { self.model = model }

    package var encoder: any FeatureEncoder { get async { ModelEncoder(modelIdentity: await model.identity) } }

    package func text(of state: SwitcherState) async throws(GenerationError) -> [Float] {
        let encoder = ModelEncoder(modelIdentity: await model.identity)
        let mean = try await mean(of: encoder)
        let texts = ModelEncoder.texts(of: state)
        let question = try await question(texts.question, encoder, mean)
        return question + encoder.answer(try await embedding(of: texts.answer, like: mean), mean: mean)
    }

    private func question(
        _ text: String, _ encoder: ModelEncoder, _ mean: [Float]
    ) async throws(GenerationError) -> [Float] {
        if let features = known.withLock({ $0?.encoder == encoder ? $0?.questions[text] : nil }) { return features }
        let features = encoder.question(try await embedding(of: text, like: mean), mean: mean)
        known.withLock { known in
            guard known?.encoder == encoder else { return }
            if known?.questions.count ?? 0 >= Self.mostQuestions { known?.questions = [:] }
            known?.questions[text] = features
        }
        return features
    }

    /// The mean of the reference texts' embeddings, by which all others are measured.
    private func mean(of encoder: ModelEncoder) async throws(GenerationError) -> [Float] {
        if let mean = known.withLock({ $0?.encoder == encoder ? $0?.mean : nil }) { return mean }
        var embeddings: [[Float]] = []
        for text in ModelEncoder.references {
            guard let embedding = try await model.embed(text) else {
                throw .badAnswer(role: .encoder, reason: "'\(text)' has no tokens")
            }
            embeddings.append(try checked(embedding, count: embeddings.first?.count ?? embedding.count))
        }
        let mean = ModelEncoder.mean(of: embeddings)
        known.withLock { $0 = Known(encoder: encoder, mean: mean) }
        return mean
    }

    private func embedding(of text: String, like mean: [Float]) async throws(GenerationError) -> [Float]? {
        if text.isBlank { return nil }
        guard let embedding = try await model.embed(text) else { return nil }
        return try checked(embedding, count: mean.count)
    }

    /// Another length than before is another model's.
    private func checked(_ embedding: [Float], count: Int) throws(GenerationError) -> [Float] {
        guard embedding.count == count else {
            throw .unavailable(
                role: .encoder,
                reason: "an embedding has \(embedding.count) numbers, not \(count): is it another model?")
        }
        return embedding
    }
}
