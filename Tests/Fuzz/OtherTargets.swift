@testable import Daemon
import Domain
@testable import Environments
@testable import Episodes
import FoundationEssentials
@testable import Generation
import Glibc
import Synchronization

/// londid.conf. The loader reads a file, so the input becomes one, always of the same name.
@Sendable func parseConfiguration(_ input: [UInt8]) {
    write(input)
    do {
        let configuration = try ConfigurationLoader.load(path: inputPath, places: .system)
        precondition(configuration.workers > 0)
    } catch {
        precondition(!error.problems.isEmpty, "a refusal without a reason")
    }
}

/// The header of a GGUF file.
@Sendable func parseModel(_ input: [UInt8]) {
    write(input)
    do { _ = try ModelMeasure(path: inputPath) } catch {
        precondition(!error.description.isEmpty)
    }
}

/// A model's stream, of either kind of server. Wherever the network cuts it, the same must come out.
@Sendable func parseStream(_ input: [UInt8]) {
    guard let first = input.first else { return }
    let dialect: ServerDialect = first & 1 == 0 ? .llama : .completions(context: 4096)
    func follow(pieces: Int) -> CompletionStream {
        var stream = CompletionStream(dialect: dialect)
        var rest = input.dropFirst()
        while !rest.isEmpty {
            let piece = Array(rest.prefix(pieces))
            rest = rest.dropFirst(pieces)
            guard piece.withUnsafeBytes({ stream.feed($0, now: .seconds(1)) }) else { break }
        }
        return stream
    }
    let (whole, cut) = (follow(pieces: input.count), follow(pieces: max(1, Int(first >> 1))))
    precondition(
        whole.text == cut.text && whole.tokens == cut.tokens && whole.failure == cut.failure
            && whole.timings == cut.timings && whole.stopType == cut.stopType,
        "the step depends on how the stream was cut")
    precondition(whole.timings.generatedTokens >= 0 && whole.timings.promptMilliseconds.isFinite)
}

/// A line of an environment's process, as the answer to each of the requests.
@Sendable func parseEnvironment(_ input: [UInt8]) {
    decode(Introduction.self, input)
    decode(TaskList.self, input)
    decode(ResetAnswer.self, input)
    decode(StepAnswer.self, input)
    decode(OracleAnswer.self, input)
    decode(NoAnswer.self, input)
}

private func decode<Result: Decodable>(_ type: Result.Type, _ input: [UInt8]) {
    do {
        let line = String(decoding: input, as: UTF8.self)
        _ = try JSONDecoder().decode(RemoteAnswer<Result>.self, from: Data(line.utf8))
    } catch {
        // Garbled: the process is ended.
    }
}

/// A job's verifier and an answer: a pattern or a schema in the first line, and what a model wrote below.
@Sendable func parseVerifier(_ input: [UInt8]) {
    let lines = String(decoding: input, as: UTF8.self).split(
        separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
    let (first, answer) = (String(lines[0]), String(lines.count > 1 ? lines[1] : ""))
    do {
        _ = try ExtendedRegex.matches(first, in: answer)
    } catch {
        precondition(!error.description.isEmpty)
    }
    do {
        let schema = try JSONDecoder().decode(JSONValue.self, from: Data(first.utf8))
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(answer.utf8))
        try JSONSchema.check(schema)
        _ = JSONSchema.accepts(value, schema)
    } catch {
        // No schema, or no JSON.
    }
}

/// Of this process alone: several run at once.
private let inputPath = "/dev/shm/londi-fuzz-\(getpid())"

private func write(_ input: [UInt8]) {
    let descriptor = open(inputPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    precondition(descriptor >= 0 && Glibc.write(descriptor, input, input.count) == input.count)
    close(descriptor)
}
