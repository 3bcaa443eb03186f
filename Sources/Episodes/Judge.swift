package import Domain
import FoundationEssentials
import Synchronization

/// Turns answers into rewards, by a job's verifier.
package final class Judge: Sendable {
    /// The verifier commands of londid.conf, by name.
    private let commands: Mutex<[String: VerifierCommand]>
    /// What judges by patterns and schemas.
    private let program: JudgeProgram

    package init(commands: [VerifierCommand], program: JudgeProgram = .own()) {
        self.commands = Mutex(Self.byName(commands))
        self.program = program
    }

    /// Judges with these commands from now on; what runs goes on to its end.
    package func replace(commands: [VerifierCommand]) {
        let commands = Self.byName(commands)
        self.commands.withLock { $0 = commands }
    }

    private static func byName(_ commands: [VerifierCommand]) -> [String: VerifierCommand] {
        Dictionary(uniqueKeysWithValues: commands.map { ($0.name, $0) })
    }

    /// Refuses, at submission, a verifier that could never judge an answer.
    package func check(_ verifier: Verifier) async throws(VerificationError) {
        if let error = await faults(of: [verifier])[verifier] { throw error }
    }

    /// Why verifiers could never judge an answer; those that could are not among them. One process looks at them all: after
    /// one that takes it too much, the others are not looked at.
    package func faults(of verifiers: Set<Verifier>) async -> [Verifier: VerificationError] {
        var faults: [Verifier: VerificationError] = [:]
        var requests: [JudgeRequest] = []
        for verifier in verifiers {
            do throws(VerificationError) {
                switch verifier {
                case .exact, .numeric, .feedback: break
                case .command(let name, _): _ = try command(name)
                case .jsonSchema(let schema):
                    try SchemaSize.check(schema)
                    requests.append(JudgeRequest(verifier: verifier))
                case .regex: requests.append(JudgeRequest(verifier: verifier))
                }
            } catch { faults[verifier] = error }
        }
        do throws(VerificationError) {
            for (request, answer) in zip(requests, try await program.answers(to: requests)) {
                if case .failure(let error) = answer { faults[request.verifier] = error }
            }
        } catch {
            for request in requests { faults[request.verifier] = error }
        }
        return faults
    }

    /// The reward of what a job's models wrote; nil where nobody judges it now.
    /// - Parameter text: everything that was written; what is judged is its part behind the job's answer marker.
    package func reward(
        for text: String, of specification: JobSpecification, job: JobID
    ) async throws(VerificationError) -> Double? {
        let answer = finalAnswer(in: text, marker: specification.answerMarker)
        switch specification.verifier {
        case nil, .feedback: return nil
        case .exact(let expected, let ignoresCase):
            return matches(trimmed(answer), trimmed(expected), ignoresCase: ignoresCase) ? 1 : 0
        case .numeric(let expected, let tolerance):
            guard let number = lastNumber(in: answer) else { return 0 }
            return abs(number - expected) <= tolerance ? 1 : 0
        case .regex, .jsonSchema:
            guard let verifier = specification.verifier else { return nil }
            let answers = try await program.answers(to: [JudgeRequest(verifier: verifier, answer: answer)])
            return try answers[0].get()
        case .command(let name, let arguments):
            let input: [String: JSONValue] = [
                "job": .integer(job.number), "custom_id": specification.customID.map(JSONValue.string) ?? .null,
                "messages": .array(
                    specification.messages.map { message in
                        .object(["role": .string(message.role), "content": .string(message.content)])
                    }),
                "metadata": specification.metadata ?? .null, "arguments": arguments, "answer": .string(answer),
                "text": .string(text),
            ]
            return try await command(name).reward(for: .object(input))
        }
    }

    private func command(_ name: String) throws(VerificationError) -> VerifierCommand {
        let commands = commands.withLock(\.self)
        guard let command = commands[name] else { throw .unknownCommand(name: name, known: commands.keys.sorted()) }
        return command
    }

    private func matches(_ left: String, _ right: String, ignoresCase: Bool) -> Bool {
        ignoresCase ? left.lowercased() == right.lowercased() : left == right
    }

    /// The JSON that an answer consists of, with or without one Markdown fence around it; nil where it is none.
    static func jsonValue(in answer: String) -> JSONValue? {
        var lines = trimmed(answer).parts(at: "\n", omittingEmpty: false)
        if lines.count >= 2, lines[0].begins(with: "```"), lines.last?.begins(with: "```") == true {
            lines = lines.dropFirst().dropLast()
        }
        let data = Data(lines.joined(separator: "\n").utf8)
        do { return try JSONDecoder().decode(JSONValue.self, from: data) } catch { return nil }
    }
}

/// What stands behind the last `marker` in a text, without the white space around it; the whole text where there is no
/// marker or it does not occur.
package func finalAnswer(in text: String, marker: String?) -> String {
    guard let marker, let range = text.lastRange(of: marker) else { return trimmed(text) }
    return trimmed(text[range.upperBound...])
}

/// A text without the white space around it.
func trimmed(_ text: some StringProtocol) -> String { String(Substring(text).withoutOuterSpace()) }
