import Domain
import Testing

@testable import Switching

/// What becomes of a model's embeddings: few numbers that keep what tells two texts apart.
@Suite struct ModelEncoderTests {
    private let encoder = ModelEncoder(modelIdentity: "abc-tiny.gguf")

    private func vector(_ count: Int, _ generator: inout SplitMix64) -> [Float] {
        (0..<count).map { _ in Float(generator.nextUniform() * 2 - 1) }
    }

    private func cosine(_ one: [Float], _ two: [Float]) -> Float {
        zip(normalised(one), normalised(two)).reduce(0) { $0 + $1.0 * $1.1 }
    }

    @Test func `its features are the readable ones and 128 of the texts, named and bounded`() {
        var generator = SplitMix64(seed: 1)
        let embedding = vector(576, &generator)
        let mean = vector(576, &generator)
        let text = encoder.question(embedding, mean: mean) + encoder.answer(embedding, mean: mean)
        let state = SwitcherState(question: "2 + 2?", maxSteps: 3)
        let features = encoder.encode(state, text: text)
        #expect(features.count == encoder.featureCount && features.count == encoder.featureNames.count)
        #expect(
            features.prefix(HashedEncoder.denseNames.count)
                == HashedEncoder().encode(state).prefix(HashedEncoder.denseNames.count))
        #expect(features.allSatisfy { abs($0) <= 1 })
        #expect(Set(encoder.featureNames).count == encoder.featureCount)
        #expect(encoder.identity == "model-\(encoderVersion)-128:abc-tiny.gguf")
    }

    @Test func `no text is all zeros, and the same embedding always gives the same bits`() {
        var generator = SplitMix64(seed: 2)
        let mean = vector(8, &generator)
        #expect(encoder.question(nil, mean: mean) == [Float](repeating: 0, count: 96))
        let embedding = vector(8, &generator)
        #expect(encoder.question(embedding, mean: mean) == encoder.question(embedding, mean: mean))
        // From the definition: with one number each sum is that number or its negative, and then the length is 1.
        var signs = SplitMix64(seed: 0xA7)
        let bits = signs.next()
        let expected = (0..<32).map { (bits >> UInt64($0)) & 1 == 0 ? Float(1) : -1 }.map {
            $0 / Float(32).squareRoot()
        }
        let one = encoder.answer([2], mean: [0])
        #expect(zip(one, expected).allSatisfy { abs($0 - $1) < 1e-6 }, "\(one)")
    }

    /// Johnson and Lindenstrauss: what a linear learner can tell apart before, it can tell apart after.
    @Test func `angles between embeddings stay about what they were`() {
        var generator = SplitMix64(seed: 3)
        var worst: Float = 0
        var sum: Float = 0
        let zero = [Float](repeating: 0, count: 1024)
        for _ in 0..<200 {
            let one = vector(1024, &generator)
            let share = Float(generator.nextUniform())
            let two = zip(one, vector(1024, &generator)).map { share * $0 + (1 - share) * $1 }
            let error = abs(
                cosine(encoder.question(one, mean: zero), encoder.question(two, mean: zero)) - cosine(one, two))
            worst = max(worst, error)
            sum += error / 200
        }
        #expect(sum < 0.09 && worst < 0.4, "mean error of the cosine \(sum), worst \(worst)")
    }

    /// Language models' embeddings have one direction in common, which says nothing.
    @Test func `what all texts have in common is taken off`() {
        var generator = SplitMix64(seed: 4)
        let common = vector(576, &generator).map { 10 * $0 }
        func text() -> [Float] { zip(common, vector(576, &generator)).map { $0 + $1 } }
        let mean = ModelEncoder.mean(of: (0..<5).map { _ in text() })
        var sum: Float = 0
        for _ in 0..<50 {
            let (one, two) = (text(), text())
            #expect(cosine(one, two) > 0.95)
            sum += cosine(encoder.question(one, mean: mean), encoder.question(two, mean: mean)) / 50
        }
        #expect(abs(sum) < 0.35, "mean cosine \(sum)")
    }

    @Test func `long texts are cut, also within a character`() {
        let question = String(repeating: "a", count: 3000) + "middle" + String(repeating: "b", count: 3000)
        let texts = ModelEncoder.texts(
            of: SwitcherState(question: question, answer: String(repeating: "ü", count: 600) + "end", maxSteps: 1))
        #expect(texts.question.utf8.count == ModelEncoder.questionByteLimit + 1)
        #expect(!texts.question.contains("middle"))
        #expect(texts.question.hasPrefix("aaa") && texts.question.hasSuffix("bbb"))
        #expect(texts.answer.hasSuffix("üend"))
        let limit = ModelEncoder.answerByteLimit
        #expect((limit...limit + 3).contains(texts.answer.utf8.count), "a cut character becomes U+FFFD")
    }

    /// What an old episode's readable features mean decides whether it may teach: see PolicyFit.
    @Test func `encoders share the readable features that both have, and strangers none`() {
        let count = HashedEncoder.denseNames.count
        let hashed = HashedEncoder().identity
        #expect(sharedFeatureCount(hashed, encoder.identity) == count)
        #expect(sharedFeatureCount(hashed, HashedEncoder(bucketCount: 8).identity) == count)
        #expect(sharedFeatureCount(hashed, "hashed-v1-128") == 20, "a later version only adds to the end")
        for stranger in ["hashed-v99-128", "hashed", "", "one-hot-8", "b.gguf"] {
            #expect(sharedFeatureCount(hashed, stranger) == 0)
        }
    }
}
