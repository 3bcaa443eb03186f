import Glibc
import Processes
import Testing

/// Verifier commands are the administrator's, and may do anything: hang, flood, die, ignore their input.
@Suite(.timeLimit(.minutes(5)), .serialized)
struct RunToEndTests {
    private func run(
        _ script: String, input: [UInt8] = [], outputLimit: Int = 1 << 20, timeLimitMilliseconds: Int = 30_000,
        memoryBytes: UInt64? = nil
    ) async throws -> ProcessResult {
        try await runToEnd(
            ProcessCommand(
                path: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"],
                memoryBytes: memoryBytes),
            input: input, outputLimit: outputLimit, timeLimitMilliseconds: timeLimitMilliseconds)
    }

    @Test func `input goes in and output comes out, both larger than a pipe`() async throws {
        let input = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let result = try await run("cat", input: input)
        #expect(result.ending == .exited(.code(0)))
        #expect(result.output == input)
    }

    @Test func `a failure carries the end of standard error`() async throws {
        let result = try await run("echo half; seq 100000 >&2; echo the reason >&2; exit 4")
        #expect(result.ending == .exited(.code(4)))
        #expect(result.output == Array("half\n".utf8))
        #expect(result.errorTail.hasSuffix("the reason\n"))
        #expect(result.errorTail.utf8.count <= 4096)
    }

    /// Writing to a program that has closed its input raises SIGPIPE, which would end the daemon.
    @Test func `a program that does not read its input is no harm`() async throws {
        let result = try await run("exec 0<&-; echo done", input: [UInt8](repeating: 65, count: 1_000_000))
        #expect(result.ending == .exited(.code(0)))
        #expect(result.output == Array("done\n".utf8))
    }

    @Test func `the time limit ends the whole group`() async throws {
        let result = try await run("sleep 1000 & echo up; wait", timeLimitMilliseconds: 300)
        #expect(result.ending == .timeLimit)
        #expect(result.output == Array("up\n".utf8))
    }

    @Test func `too much output ends the program`() async throws {
        let result = try await run("yes", outputLimit: 1000)
        #expect(result.ending == .outputLimit)
        #expect(result.output.count == 1000)
    }

    @Test func `a memory limit holds`() async throws {
        let result = try await run("head -c 300000000 /dev/zero | tail -c 290000000 | wc -c", memoryBytes: 100_000_000)
        #expect(String(decoding: result.output, as: UTF8.self) != "290000000\n")
    }

    @Test func `cancelling the task ends the program`() async throws {
        let task = Task { try await run("sleep 1000") }
        task.cancel()
        #expect(try await task.value.ending == .cancelled)
    }

    /// A daemon that leaks one descriptor or zombie per verifier stops after a thousand jobs. Other suites run beside
    /// this one, so a few more are no leak; one for each run would be.
    @Test func `no descriptor and no process stays behind`() async throws {
        let descriptorsBefore = try openDescriptors()
        for _ in 0..<40 {
            _ = try await run("sleep 1000 & exit 1", input: [1, 2, 3])
            _ = try await run("sleep 1000", timeLimitMilliseconds: 5)
        }
        #expect(try openDescriptors() < descriptorsBefore + 40)
        #expect(try zombies() < 20)
    }

    private func openDescriptors() throws -> Int { try entries(of: "/proc/self/fd").count }

    /// Our children that ended and were not reaped.
    private func zombies() throws -> Int {
        try entries(of: "/proc").filter { Int($0) != nil }.count { pid in
            guard let file = fopen("/proc/\(pid)/stat", "r") else { return false }
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 4096)
            guard fgets(&line, Int32(line.count), file) != nil else { return false }
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
            return fields.count > 1 && fields[0] == "Z" && fields[1] == "\(getpid())"
        }
    }

    private func entries(of path: String) throws -> [String] {
        let directory = try #require(opendir(path))
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }
}
