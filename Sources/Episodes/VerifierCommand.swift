import Domain
import FoundationEssentials
package import Processes

/// A program that the administrator named in londid.conf and that turns an answer into a reward. It runs without a shell,
/// with an empty environment but PATH, LANG and TMPDIR, in its own process group, confined and within limits.
///
/// It reads one JSON object on stdin, `{"job": 42, "custom_id": ..., "messages": [...], "metadata": ..., "arguments": ...,
/// "answer": "...", "text": "..."}`, where `answer` is what follows the answer marker and `text` all that was written. It
/// prints the reward, a number, on the last line of stdout and exits with 0.
package struct VerifierCommand: Hashable, Sendable {
    package var name: String
    /// The program's absolute path and its arguments.
    package var path: String
    package var arguments: [String]
    package var timeLimitMilliseconds: Int
    /// Address space, in bytes.
    package var memoryLimitBytes: UInt64
    /// nil: it may do whatever londid may.
    package var confinement: Confinement?

    package init(
        name: String, path: String, arguments: [String], timeLimitMilliseconds: Int, memoryLimitBytes: UInt64,
        confinement: Confinement?
    ) {
        self.name = name
        self.path = path
        self.arguments = arguments
        self.timeLimitMilliseconds = timeLimitMilliseconds
        self.memoryLimitBytes = memoryLimitBytes
        self.confinement = confinement
    }

    /// The most bytes of stdout that are read.
    private static let outputLimitBytes = 65_536

    func reward(for input: JSONValue) async throws(VerificationError) -> Double {
        let result: ProcessResult
        do {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
            let bytes = try Array(encoder.encode(input)) + [UInt8(ascii: "\n")]
            let command = ProcessCommand(
                path: path, arguments: arguments, environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"],
                memoryBytes: memoryLimitBytes, confinement: confinement)
            result = try await runToEnd(
                command, input: bytes, outputLimit: Self.outputLimitBytes,
                timeLimitMilliseconds: timeLimitMilliseconds)
        } catch {
            throw .command(name: name, problem: "\(error)")
        }
        return try reward(from: result)
    }

    private func reward(from result: ProcessResult) throws(VerificationError) -> Double {
        let complaint = result.errorTail.parts(at: "\n").last.map { ": \($0)" } ?? ""
        switch result.ending {
        case .exited(.code(0)): break
        case .exited(let exit): throw .command(name: name, problem: "it ended with \(exit)\(complaint)")
        case .timeLimit:
            throw .command(name: name, problem: "it took longer than \(timeLimitMilliseconds) ms\(complaint)")
        case .outputLimit: throw .command(name: name, problem: "it printed more than \(Self.outputLimitBytes) bytes")
        case .cancelled: throw .command(name: name, problem: "it was cut off")
        }
        let text = String(decoding: result.output, as: UTF8.self)
        guard let line = text.parts(where: \.isLineBreak).last,
            let reward = Double(String(line.unicodeScalars.filter { scalar in scalar != " " })),
            Outcome.rewards.contains(reward)
        else {
            throw .command(
                name: name,
                problem: "its last line is not a number from -1000 to 1000: '\(text.lastScalars(80))'\(complaint)")
        }
        return reward
    }
}
