import Domain
import FoundationEssentials
import Glibc

/// The judge program's own side: reads a `JudgeRequest` on each line of stdin and prints a `JudgeReply` for each at once, so
/// that whoever ends it knows which request took too much.
package enum JudgeService {
    /// Answers until the end of the input. Returns the exit status.
    package static func run() -> Int32 {
        var pending: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(0, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return count == 0 ? 0 : 1 }
            var rest = chunk[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                pending += rest[..<end]
                guard answer(pending) else { return 1 }
                pending = []
                rest = rest[(end + 1)...]
            }
            pending += rest
        }
    }

    /// false where nobody reads the reply, or the request is none.
    private static func answer(_ line: [UInt8]) -> Bool {
        do {
            let request = try JSONDecoder().decode(JudgeRequest.self, from: Data(line))
            var bytes = try Array(JSONEncoder().encode(reply(to: request)))
            bytes.append(UInt8(ascii: "\n"))
            return print(bytes)
        } catch { return false }
    }

    private static func reply(to request: JudgeRequest) -> JudgeReply {
        do throws(VerificationError) { return JudgeReply(reward: try verdict(request)) } catch {
            return JudgeReply(error)
        }
    }

    private static func verdict(_ request: JudgeRequest) throws(VerificationError) -> Double? {
        switch request.verifier {
        case .regex(let pattern):
            guard let answer = request.answer else {
                try ExtendedRegex.check(pattern)
                return nil
            }
            return try ExtendedRegex.matches(pattern, in: answer) ? 1 : 0
        case .jsonSchema(let schema):
            guard let answer = request.answer else {
                try JSONSchema.check(schema)
                return nil
            }
            guard let value = Judge.jsonValue(in: answer) else { return 0 }
            return JSONSchema.accepts(value, schema) ? 1 : 0
        case .exact, .numeric, .command, .feedback:
            throw .unjudged(by: request.verifier.what, problem: "it has no process of its own")
        }
    }

    private static func print(_ bytes: [UInt8]) -> Bool {
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return false }
            written += count
        }
        return true
    }
}
