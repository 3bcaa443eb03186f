import Control
import Daemon
import Domain
import Episodes
import Hashing
import Processes
import Storage

/// A batch file on its way into the store: its parts alone, all of the daemon's part, and londictl to londid.
struct ImportBench {
    private static let chunkLines = 1000

    let options: BenchOptions

    func run(_ report: inout Report) async throws {
        let count = options.jobCount > 0 ? options.jobCount : 100_000
        let lines = (1...count).map(Self.line)
        let bytes = lines.reduce(0) { $0 + $1.utf8.count + 1 }
        report.note("\(count) lines, \(bytes) bytes; each with messages, a numeric verifier and an answer marker")
        let parsing = try ContinuousClock().measure { for line in lines { _ = try BatchLine(parsing: line) } }
        report.add("reading and checking lines alone, one core", Double(count) / seconds(parsing), "lines/s")

        for (place, title) in [(options.directory, "disk"), ("/dev/shm", "tmpfs")] {
            let workplace = try Workplace(in: place)
            try await importDirectly(lines, workplace, title, &report)
            try await importByClient(lines, workplace, title, &report)
            try await workplace.remove()
        }
    }

    /// Through `BatchIntake`, as the daemon does for a client; then its statements again in a raw C loop.
    private func importDirectly(
        _ lines: [String], _ workplace: Workplace, _ title: String, _ report: inout Report
    ) async throws {
        for directory in ["direct", "recorded", "raw"] {
            try await BenchState.make(in: "\(workplace.path)/\(directory)", total: 1000, pending: 0)
        }
        let time = try await submit(lines, to: try Store(directory: "\(workplace.path)/direct", now: BenchState.now))
        let recording = Recording()
        let recorded = try Store(directory: "\(workplace.path)/recorded", now: BenchState.now)
        let opened = recording.count
        _ = try await submit(lines, to: recorded)
        recording.end()
        let replay = try recording.replay(on: "\(workplace.path)/raw/state.sqlite")
        try replay.run(to: opened)
        let raw = try ContinuousClock().measure { try replay.run(to: recording.count) }
        let rate = Double(lines.count) / seconds(time)
        let limit = Double(lines.count) / seconds(raw)
        report.add("\(title): through the daemon's checks into the store", rate, "lines/s")
        report.add("\(title): its statements alone in a raw C loop, the limit here", limit, "lines/s")
    }

    /// The time from the first line to the durable commit.
    private func submit(_ lines: [String], to store: Store) async throws -> Duration {
        let intake = BatchIntake(store: store, judge: Judge(commands: []), clock: WallClock())
        let start = ContinuousClock.now
        let hash = SHA256()
        let batch = try await intake.begin(
            queue: try BenchState.queue(), submitter: BenchState.user, fileName: nil, priority: 0,
            connection: ConnectionID(1))
        for first in stride(from: 0, to: lines.count, by: Self.chunkLines) {
            let chunk = Array(lines[first..<min(first + Self.chunkLines, lines.count)])
            for line in chunk { hash.update(line + "\n") }
            let reply = try await intake.append(chunk, from: first + 1, to: batch, by: BenchState.user)
            guard reply.errors.isEmpty else { throw BenchError(description: "\(reply.errors[0])") }
        }
        let digest = hexadecimal(hash.finish())
        let commit = try await intake.commit(batch, sha256: digest, allowDuplicate: false, by: BenchState.user)
        guard commit.jobCount == lines.count else { throw BenchError(description: "\(commit.jobCount) jobs came in") }
        return .now - start
    }

    /// By the programs: `londictl submit -f`, from its start to its end.
    private func importByClient(
        _ lines: [String], _ workplace: Workplace, _ title: String, _ report: inout Report
    ) async throws {
        try await BenchState.make(in: "\(workplace.path)/state", total: 1000, pending: 0)
        let file = "\(workplace.path)/lines.jsonl"
        try Londid.write(lines.joined(separator: "\n") + "\n", to: file)
        let londid = try await Londid.start(in: workplace)
        let command = ProcessCommand(
            path: try Londid.sibling("londictl"),
            arguments: ["submit", "--socket", londid.socket, "--queue", "bench", "-f", file, "--parsable"])
        let start = ContinuousClock.now
        let result = try await runToEnd(command, outputLimit: 65_536, timeLimitMilliseconds: 600_000)
        let time = ContinuousClock.now - start
        await londid.kill()
        guard result.isSuccess else { throw BenchError(description: "londictl submit: \(result.errorTail)") }
        report.add(
            "\(title): londictl submit to londid, from start to end", Double(lines.count) / seconds(time), "lines/s")
    }

    private static func line(_ number: Int) -> String {
        #"{"custom_id": "request-\#(number)", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "#
            + #""gpt-4o-mini", "messages": [{"role": "system", "content": "You are a careful clerk."}, {"role": "user", "#
            + #""content": "A shelf holds \#(number) rows of 34 books, and 56 are taken away.\nHow many are left?"}], "#
            + #""max_tokens": 1000}, "londi": {"verifier": {"type": "numeric", "answer": \#(number * 34 - 56)}, "#
            + #""answer_marker": "Answer:"}}"#
    }
}
