import Glibc
import Processes
import Synchronization
import Testing

/// A daemon that runs for weeks must notice each exit once, leave no zombie and kill whole families.
@Suite(.timeLimit(.minutes(5)))
struct ChildProcessTests {
    private func shell(_ script: String) -> ProcessCommand {
        ProcessCommand(path: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin"])
    }

    @Test func `an exit status arrives, however often it is asked for`() async throws {
        let child = try await ChildProcess.start(shell("exit 7"))
        #expect(await child.exit() == .code(7))
        #expect(await child.exit() == .code(7))
        #expect(child.exitIfEnded == .code(7))
    }

    /// An exit that is missed once in a thousand is an engine that is never restarted.
    @Test func `five hundred short lives are all noticed`() async throws {
        for _ in 0..<250 {
            async let first = ChildProcess.start(shell("exit 1")).exit()
            async let second = ChildProcess.start(ProcessCommand(path: "/bin/true")).exit()
            #expect(try await first == .code(1))
            #expect(try await second == .code(0))
        }
    }

    /// The hang-up of a pipe must not get lost behind its last line.
    @Test func `the end of a child's output is noticed five hundred times`() async throws {
        for _ in 0..<500 {
            let child = try await ChildProcess.start(shell("echo last"), output: .pipe)
            let lines = await Lines(try #require(child.output)).all()
            let exit = await child.exit()
            #expect(lines == ["last"])
            #expect(exit == .code(0))
        }
    }

    @Test func `a process ended by a signal says which`() async throws {
        let child = try await ChildProcess.start(shell("kill -USR1 $$"))
        #expect(await child.exit() == .signal(SIGUSR1))
    }

    /// Children inherit a blocked mask from Dispatch's threads unless it is emptied.
    @Test func `SIGTERM reaches a child`() async throws {
        let child = try await ChildProcess.start(ProcessCommand(path: "/bin/sleep", arguments: ["1000"]))
        #expect(await child.terminate(graceMilliseconds: 30_000) == .signal(SIGTERM))
    }

    @Test func `a child that ignores SIGTERM is killed after the grace period`() async throws {
        let child = try await ChildProcess.start(
            shell("trap '' TERM; echo up; while :; do sleep 1000; done"), output: .pipe)
        let lines = Lines(try #require(child.output))
        #expect(await lines.first { $0 == "up" } == "up")
        #expect(await child.terminate(graceMilliseconds: 50) == .signal(SIGKILL))
    }

    /// The grandchild keeps the pipe open, so the pipe's end proves that it died.
    @Test func `grandchildren die with the group's leader`() async throws {
        let child = try await ChildProcess.start(shell("sleep 1000 & echo up; exit 3"), output: .pipe)
        let lines = Lines(try #require(child.output))
        #expect(await child.exit() == .code(3))
        #expect(await lines.all() == ["up"])
    }

    @Test func `dropping a child kills it`() async throws {
        var child: ChildProcess? = try await ChildProcess.start(shell("sleep 1000 & echo up; wait"), output: .pipe)
        let lines = Lines(try #require(child?.output))
        #expect(await lines.first { $0 == "up" } == "up")
        child = nil
        #expect(await lines.all() == [])
    }

    @Test func `standard input, output and error are what was chosen`() async throws {
        let child = try await ChildProcess.start(
            shell("read line; echo got $line; echo oops >&2"), input: .pipe, output: .pipe, error: .output)
        let lines = Lines(try #require(child.output))
        let text = Array("hello\n".utf8)
        #expect(write(try #require(child.input).number, text, text.count) == text.count)
        #expect(await lines.all() == ["got hello", "oops"])
    }

    @Test func `nothing is inherited but what was given`() async throws {
        let result = try await runToEnd(
            ProcessCommand(
                path: "/bin/sh", arguments: ["-c", "env | grep -v ^PWD= | grep -v ^_=; ls /proc/$$/fd; pwd"],
                environment: ["PATH": "/usr/bin:/bin", "ONE": "1"], directory: "/usr"),
            outputLimit: 10_000, timeLimitMilliseconds: 30_000)
        let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines.filter { $0.contains("=") }.sorted() == ["ONE=1", "PATH=/usr/bin:/bin"])
        #expect(lines.filter { Int($0) != nil }.allSatisfy { (Int($0) ?? 99) <= 3 || $0 == "255" || $0 == "10" })
        #expect(lines.last == "/usr")
    }

    /// Each refusal names the path and is told apart, since the remedies differ.
    @Test func `a program that cannot be started says why`() async throws {
        await #expect(throws: ProcessError.notFound(path: "/no/such/program")) {
            try await ChildProcess.start(ProcessCommand(path: "/no/such/program"))
        }
        await #expect(throws: ProcessError.notExecutable(path: "/etc/passwd", reason: "Permission denied")) {
            try await ChildProcess.start(ProcessCommand(path: "/etc/passwd"))
        }
        await #expect(throws: ProcessError.directoryMissing(path: "/no/such/place", program: "/bin/true")) {
            try await ChildProcess.start(ProcessCommand(path: "/bin/true", directory: "/no/such/place"))
        }
    }

    @Test func `a name is looked up in the search path, a path is taken as it is`() throws {
        #expect(try findExecutable("sh", searchPath: "/nowhere:relative:/bin") == "/bin/sh")
        #expect(try findExecutable("/bin/sh", searchPath: "") == "/bin/sh")
        #expect(throws: ProcessError.notFound(path: "no-such-name")) {
            try findExecutable("no-such-name", searchPath: "/bin")
        }
        #expect(throws: ProcessError.notExecutable(path: "/etc/passwd", reason: "no permission")) {
            try findExecutable("passwd", searchPath: "/etc")
        }
    }
}

/// The lines of a pipe, as they come.
final class Lines: Sendable {
    private let stream: AsyncStream<String>

    init(_ descriptor: Descriptor) {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        self.stream = stream
        let reader = LineReader(reading: descriptor) { continuation.yield($0) }
        Task {
            await reader.end()
            continuation.finish()
        }
    }

    func first(where isWanted: (String) -> Bool) async -> String? {
        for await line in stream where isWanted(line) { return line }
        return nil
    }

    /// What is left until the pipe's end.
    func all() async -> [String] {
        var lines: [String] = []
        for await line in stream { lines.append(line) }
        return lines
    }
}
