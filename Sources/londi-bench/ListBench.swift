import Domain
import Glibc
import Processes

/// What somebody at a terminal waits for: `londictl list` of many jobs and `londictl status`, by the programs themselves.
struct ListBench {
    /// How often each command runs.
    private static let listRounds = 20
    private static let statusRounds = 200
    private static let coldRounds = 20

    let options: BenchOptions

    func run(_ report: inout Report) async throws {
        let total = options.jobCount > 0 ? options.jobCount : 100_000
        let workplace = try Workplace(in: options.directory)
        try await BenchState.make(in: "\(workplace.path)/state", total: total, pending: total / 2)
        let londid = try await Londid.start(in: workplace)
        let program = try Londid.sibling("londictl")
        report.note(
            "\(total) jobs, half of them completed with episode, answer and step; londictl is started anew each time "
                + "and writes into a pipe; memory is the most that was resident, the pages of its file included")
        report.add("londid's memory before the lists", try Self.mebibytes(ofProcess: londid.pid), "MiB")

        for count in [total / 100, total / 10] {
            let some = try await rounds(
                Self.listRounds, program, ["list", "--limit", "\(count)"], londid, lines: count + 1)
            report.add("list of \(count) jobs: londictl's memory", some.mebibytes, "MiB")
        }
        let many = try await rounds(Self.listRounds, program, ["list"], londid, lines: total + 1)
        report.add("list of \(total) jobs: londictl's memory", many.mebibytes, "MiB")
        report.add("list of \(total) jobs: first byte p50", milliseconds(many.first.at(0.5)), "ms")
        report.add(
            "list of \(total) jobs: first byte, worst of \(Self.listRounds)", milliseconds(many.first.at(1)), "ms")
        report.add("list of \(total) jobs: all of it p50", seconds(many.whole.at(0.5)), "s")
        report.add("londid's memory after the lists", try Self.mebibytes(ofProcess: londid.pid), "MiB")

        _ = try await rounds(1, program, ["status"], londid)
        let warm = try await rounds(Self.statusRounds, program, ["status"], londid)
        report.add("status: first byte p50", milliseconds(warm.first.at(0.5)), "ms")
        report.add("status: first byte p99 of \(Self.statusRounds)", milliseconds(warm.first.at(0.99)), "ms")
        let cold = try await rounds(Self.coldRounds, program, ["status"], londid, isCold: true)
        report.add("status, londictl's file not in memory: first byte p50", milliseconds(cold.first.at(0.5)), "ms")
        report.add(
            "status, londictl's file not in memory: first byte, worst of \(Self.coldRounds)",
            milliseconds(cold.first.at(1)), "ms")
        await londid.kill()
        try await workplace.remove()
    }

    private struct Runs {
        let first: Distribution
        let whole: Distribution
        /// The most of all runs.
        let mebibytes: Double
    }

    /// Runs a command again and again.
    /// - Parameters:
    ///   - lines: how many it must print; nil: at least one.
    ///   - isCold: its file is dropped from the page cache before each run.
    private func rounds(
        _ count: Int, _ program: String, _ arguments: [String], _ londid: Londid, lines: Int? = nil,
        isCold: Bool = false
    ) async throws -> Runs {
        var (first, whole, memory): ([Duration], [Duration], Double) = ([], [], 0)
        for _ in 0..<count {
            if isCold { try Self.dropFromMemory(program) }
            let start = ContinuousClock.now
            let process = try await ChildProcess.start(
                ProcessCommand(path: program, arguments: arguments + ["--socket", londid.socket]), output: .pipe)
            guard let output = process.output else { throw BenchError(description: "londictl has no output") }
            var (found, piece) = (0, [UInt8](repeating: 0, count: 65_536))
            var firstAt: ContinuousClock.Instant?
            while case let length = read(output.number, &piece, piece.count), length > 0 {
                if firstAt == nil { firstAt = .now }
                found += piece[..<length].count { $0 == 0x0a }
                // What a process that has ended held cannot be asked any more.
                if let lines, found < lines, process.exitIfEnded == nil {
                    memory = max(memory, try Self.mebibytes(ofProcess: process.pid))
                }
            }
            whole.append(.now - start)
            guard await process.exit() == .code(0), let firstAt, found == lines ?? max(found, 1) else {
                throw BenchError(description: "londictl \(arguments.joined(separator: " ")) printed \(found) lines")
            }
            first.append(firstAt - start)
        }
        return Runs(first: Distribution(first), whole: Distribution(whole), mebibytes: memory)
    }

    /// The most memory that a running process has had resident.
    private static func mebibytes(ofProcess pid: Int32) throws(BenchError) -> Double {
        let line = try wholeFile("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        // `VmHWM:     1234 kB`; a process that is just ending has none.
        let words = line?.split(whereSeparator: { " \t".contains($0) }) ?? []
        guard words.count > 1, let kibibytes = Double(words[1]) else { return 0 }
        return kibibytes / 1024
    }

    /// Clean pages that no process has mapped go; the libraries of the system, which others use too, stay.
    private static func dropFromMemory(_ path: String) throws(BenchError) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw BenchError(description: "\(path): \(String(cString: strerror(errno)))") }
        defer { close(file) }
        fdatasync(file)
        posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED)
    }
}
