import Domain
import Foundation
import Testing

@testable import Control

/// The lines of a batch have their own way to JSON and back, which must be the general way in all but its time.
@Suite struct AppendLinesJSON {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `any lines come through as the general way writes and reads them`(seed: UInt64) throws {
        var random = Seeded(seed)
        let alphabet = ["\"", "\\", "/", "\n", "\t", "\u{0}", "\u{1f}", "\u{7f}", "a", "é", "🧮", "{", "\u{2028}"]
        let lines = (0..<Int.random(in: 0...20, using: &random)).map { _ in
            (0..<Int.random(in: 0...12, using: &random)).map { _ in alphabet.randomElement(using: &random) ?? "" }
                .joined()
        }
        let parameters = AppendLines.Parameters(batch: BatchID(7), firstLine: 1001, lines: lines)
        let bytes = try JSONText.encode(parameters)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let general = try encoder.encode(parameters)
        #expect(bytes == Array(general), "seed \(seed)")
        #expect(try JSONText.decode(AppendLines.Parameters.self, from: bytes) == parameters, "seed \(seed)")
        #expect(try JSONDecoder().decode(AppendLines.Parameters.self, from: Data(bytes)) == parameters, "seed \(seed)")
    }

    @Test(arguments: [
        #"{"firstLine":1,"lines":[]}"#, #"{"batch":"7","firstLine":1,"lines":[]}"#,
        #"{"batch":"b7","firstLine":1,"lines":[1]}"#, #"{"batch":"b7","firstLine":1.5,"lines":[]}"#, "{",
    ])
    func `what is wrong is told as the general way tells it`(text: String) {
        #expect(throws: ControlError.self) {
            try JSONText.decode(AppendLines.Parameters.self, from: Array(text.utf8))
        }
    }
}
