import Domain
import FoundationEssentials
import Glibc
package import Processes

/// Judges by regular expressions and schemas in a process of its own, with limits on its time and memory: what members
/// write there may cost a processor minutes and the machine its memory. The process is londid again, as `JudgeService`.
package struct JudgeProgram: Hashable, Sendable {
    /// londid's argument.
    package static let argument = "--judge"

    /// londid's own program.
    package var path: String
    /// Of one judgement, in which a program may be slow to start; a job's own limit cuts it off earlier.
    package var timeLimitMilliseconds = 10_000
    /// Address space, in bytes.
    package var memoryLimitBytes: UInt64 = 512 << 20
    /// nil where the kernel cannot confine.
    package var confinement: Confinement?

    /// What many verifiers may take beyond that, each.
    private static let millisecondsEach = 10
    /// The most that is printed for one request: its pattern, or the way into its schema, and what is wrong there.
    private static let replyLimitBytes = 16_384
    private static let niceness: Int32 = 5

    package init(path: String, confinement: Confinement? = nil) {
        self.path = path
        self.confinement = confinement
    }

    /// This program where it is londid, else the londid beside it.
    package static func own(confinement: Confinement? = nil) -> JudgeProgram {
        let own = "/proc/self/exe"
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(own, &bytes, bytes.count)
        let path = String(decoding: bytes.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
        let name = path.parts(at: "/").last ?? ""
        // The link leads to what runs, also after an update has replaced it.
        guard !name.begins(with: "londid") else { return JudgeProgram(path: own, confinement: confinement) }
        return JudgeProgram(path: String(path[..<name.startIndex]) + "londid", confinement: confinement)
    }

    /// The program's answers, in the order of the requests. After one that took too much there are none.
    func answers(to requests: [JudgeRequest]) async throws(VerificationError) -> [Result<Double?, VerificationError>] {
        guard let first = requests.first else { return [] }
        let limit = timeLimitMilliseconds + Self.millisecondsEach * (requests.count - 1)
        let result: ProcessResult
        do {
            let encoder = JSONEncoder()
            var input: [UInt8] = []
            for request in requests { input += try Array(encoder.encode(request)) + [UInt8(ascii: "\n")] }
            let command = ProcessCommand(
                path: path, arguments: [Self.argument], environment: ["LANG": "C.UTF-8"],
                memoryBytes: memoryLimitBytes, niceness: Self.niceness, confinement: confinement)
            result = try await runToEnd(
                command, input: input, outputLimit: Self.replyLimitBytes * requests.count, timeLimitMilliseconds: limit)
        } catch {
            throw .unjudged(by: first.verifier.what, problem: "\(error)")
        }
        var answers: [Result<Double?, VerificationError>] = []
        for (request, line) in zip(requests, result.output.split(separator: 0x0a)) {
            guard let reply = reply(in: line) else { break }
            answers.append(Result { () throws(VerificationError) in try reply.verdict(by: request.verifier) })
        }
        guard answers.count < requests.count else { return answers }
        let failed = requests[answers.count].verifier.what
        return answers + [.failure(.unjudged(by: failed, problem: problem(of: result, limit: limit)))]
    }

    /// nil for a line that was cut off.
    private func reply(in line: ArraySlice<UInt8>) -> JudgeReply? {
        do { return try JSONDecoder().decode(JudgeReply.self, from: Data(line)) } catch { return nil }
    }

    private func problem(of result: ProcessResult, limit: Int) -> String {
        switch result.ending {
        case .timeLimit: return "it took longer than \(limit) ms"
        case .outputLimit: return "too much was printed"
        case .cancelled: return "it was cut off"
        case .exited(let exit):
            let complaint = result.errorTail.parts(at: "\n").last.map { ": \($0)" } ?? ""
            return "its process ended with \(exit), and may take \(memoryLimitBytes >> 20) MiB of memory\(complaint)"
        }
    }
}
