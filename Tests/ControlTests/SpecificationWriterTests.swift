import Control
import Domain
import Testing

/// The stored text of a job must not depend on which of the two writers wrote it.
@Suite struct `Specifications written by hand` {
    @Test(arguments: 0..<300)
    func `are what the encoder writes`(seed: Int) {
        var generator = Seeded(UInt64(seed))
        func text() -> String {
            let pieces = [
                "a", "\"", "\\", "/", "\n", "\t", "\r", "\u{8}", "\u{c}", "\u{1}", "\u{1f}", "\u{7f}", "ü", "\u{2028}",
                "🙂", "", "Answer:",
            ]
            return (0..<Int.random(in: 0...6, using: &generator)).map { _ in
                pieces.randomElement(using: &generator) ?? ""
            }.joined()
        }
        let numbers = [0, -0.0, 1, -7, 0.1, 1e15, 1e20, -3.25, 352, 1e-9, 9_007_199_254_740_992]
        func number() -> Double { numbers.randomElement(using: &generator) ?? 0 }
        let verifiers: [Verifier?] = [
            nil, .numeric(answer: number(), tolerance: abs(number())), .exact(answer: text(), ignoresCase: false),
            .exact(answer: text(), ignoresCase: true), .regex(pattern: text()), .feedback,
            .command(name: "c", arguments: .array([.string(text()), .null])), .jsonSchema(schema: .bool(true)),
        ]
        let specification = JobSpecification(
            messages: (0..<Int.random(in: 0...3, using: &generator)).map { _ in Message(role: "user", content: text())
            },
            verifier: verifiers.randomElement(using: &generator) ?? nil,
            maxSteps: Bool.random(using: &generator) ? 12 : nil,
            answerMarker: Bool.random(using: &generator) ? text() : nil,
            customID: Bool.random(using: &generator) ? text() : nil,
            model: Bool.random(using: &generator) ? text() : nil,
            metadata: Bool.random(using: &generator) ? .object(["b": .number(1.5), "a": .string(text())]) : nil,
            environment: Bool.random(using: &generator)
                ? EnvironmentRequest(name: text(), seed: 7, options: [text(): text()]) : nil)
        #expect(specification.jsonText == JSONText.text(of: specification), "seed \(seed)")
    }

    /// A member that the writer does not know would be lost.
    @Test func `have no member that the writer does not know`() {
        #expect(Mirror(reflecting: JobSpecification(messages: [])).children.count == 8)
    }
}
