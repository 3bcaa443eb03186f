import Control
import Dispatch
import Domain
import Glibc
import Synchronization
import Testing

@testable import londictl

/// The standard streams of the whole program: full disks, pipes that do not block, terminals of several kinds.
@Suite(.timeLimit(.minutes(5))) struct `The standard streams` {
    /// F_SETPIPE_SZ of fcntl.h, which the module Glibc lacks.
    private static let setPipeSize: Int32 = 1031

    private static func start(
        _ words: [[UInt8]], output: Int32, messages: Int32, environment: [String] = []
    ) throws -> ChildProgram {
        let program = try ChildProgram.built("londictl")
        return try ChildProgram(
            [Array(program.utf8)] + words, output: output, messages: messages, environment: environment)
    }

    private static func start(
        _ words: [String], output: Int32, messages: Int32, environment: [String] = []
    ) throws -> ChildProgram {
        try start(words.map { Array($0.utf8) }, output: output, messages: messages, environment: environment)
    }

    /// Everything until the other end is closed, read off Swift's own threads and in small pieces where told.
    private static func all(_ descriptor: Int32, pauseMicroseconds: UInt32 = 0) async -> [UInt8] {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var bytes: [UInt8] = []
                var piece = [UInt8](repeating: 0, count: 4096)
                while true {
                    if pauseMicroseconds > 0 { usleep(pauseMicroseconds) }
                    let count = read(descriptor, &piece, piece.count)
                    if count > 0 { bytes += piece[..<count] } else if count == 0 || errno != EINTR { break }
                }
                continuation.resume(returning: bytes)
            }
        }
    }

    private static func makePipe() throws -> (reading: Int32, writing: Int32) {
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    @Test func `a full disk is named`() async throws {
        let messages = try Self.makePipe()
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        let child = try Self.start(["manual"], output: full, messages: messages.writing)
        close(full)
        close(messages.writing)
        let said = await Self.all(messages.reading)
        #expect(
            String(decoding: said, as: UTF8.self)
                == "londictl: cannot write to standard output: No space left on device\n")
        #expect(await child.end() == ExitCode.error.rawValue)
        close(messages.reading)
    }

    /// The work is done, and nobody is told of it: that is no reason to leave it undone.
    @Test func `messages that nobody can read stop nothing`() async throws {
        let output = try Self.makePipe()
        let full = open("/dev/full", O_WRONLY | O_CLOEXEC)
        try await withServer(StubDaemon().table) { path in
            let child = try Self.start(
                ["queue", "export", "-o", "/dev/stdout", "--socket", path], output: output.writing, messages: full)
            close(output.writing)
            let text = String(decoding: await Self.all(output.reading), as: UTF8.self)
            #expect(text.hasPrefix("{\"queues\":["))
            #expect(await child.end() == 0)
        }
        close(full)
        close(output.reading)
    }

    @Test func `a pipe that does not block is waited for`() async throws {
        let whole = await Printed.by(["manual"]).output
        let output = try Self.makePipe()
        let size = fcntl(output.writing, Self.setPipeSize, 4096)
        #expect(size >= 4096 && size * 4 < whole.utf8.count)
        _ = fcntl(output.writing, F_SETFL, O_NONBLOCK)
        let child = try Self.start(["manual"], output: output.writing, messages: STDERR_FILENO)
        close(output.writing)
        let read = await Self.all(output.reading, pauseMicroseconds: 20_000)
        #expect(String(decoding: read, as: UTF8.self) == whole)
        #expect(await child.end() == 0)
        close(output.reading)
    }

    @Test func `an input that does not block is waited for`() async throws {
        let (input, output) = (try Self.makePipe(), try Self.makePipe())
        _ = fcntl(input.reading, F_SETFL, O_NONBLOCK)
        let line =
            #"{"custom_id":"a","method":"POST","url":"/v1/chat/completions","#
            + #""body":{"messages":[{"role":"user","content":"x"}]}}"#
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let words = [try ChildProgram.built("londictl"), "submit", "-q", "maths", "-f", "-", "--socket", path]
            let child = try ChildProgram(
                words.map { Array($0.utf8) }, input: input.reading, output: output.writing, messages: output.writing,
                environment: [])
            close(output.writing)
            // Then it reads, and finds nothing yet.
            while daemon.state.withLock({ $0.begun == nil }) { await Task.yield() }
            let written = line.withCString { write(input.writing, $0, line.utf8.count) }
            #expect(written == line.utf8.count)
            close(input.writing)
            let said = String(decoding: await Self.all(output.reading), as: UTF8.self)
            #expect(await child.end() == 0, "\(said)")
            #expect(daemon.state.withLock { $0.lines.map(\.text) } == [line])
        }
        close(input.reading)
        close(output.reading)
    }

    /// As with grep: whoever has read enough closes the pipe.
    @Test func `a closed pipe ends the program without a word`() async throws {
        let (output, messages) = (try Self.makePipe(), try Self.makePipe())
        close(output.reading)
        let child = try Self.start(["manual"], output: output.writing, messages: messages.writing)
        close(output.writing)
        close(messages.writing)
        #expect(await Self.all(messages.reading) == [])
        let end = await child.end()
        #expect(end == 1000 + SIGPIPE || end == ExitCode.error.rawValue)
        close(messages.reading)
    }

    @Test func `a file's name is its bytes`() async throws {
        let directory = try makeDirectory()
        let name = Array("\(directory)/caf".utf8) + [0xe9] + Array(".json".utf8)
        let messages = try Self.makePipe()
        try await withServer(StubDaemon().table) { path in
            let words = ["queue", "export", "--socket", path, "-o"].map { Array($0.utf8) }
            let child = try Self.start(words + [name], output: STDOUT_FILENO, messages: messages.writing)
            close(messages.writing)
            let said = String(decoding: await Self.all(messages.reading), as: UTF8.self)
            #expect(said == "\(directory)/caf\\xe9.json: 1 queue\n")
            #expect(await child.end() == 0)
        }
        close(messages.reading)
        let file = FileName(bytes: name)
        #expect(file.exists && file.withPath { unlink($0) } == 0)
        #expect(rmdir(directory) == 0)
    }

    /// The terminal's own end, and its other side so many cells wide.
    private static func makeTerminal(width: UInt16) throws -> (reading: Int32, writing: Int32) {
        let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var (locked, number): (Int32, Int32) = (0, 0)
        // TIOCSPTLCK and TIOCGPTN, which the module Glibc lacks.
        try #require(ioctl(terminal, 0x4004_5431, &locked) == 0 && ioctl(terminal, 0x8004_5430, &number) == 0)
        var size = winsize(ws_row: 24, ws_col: width, ws_xpixel: 0, ws_ypixel: 0)
        let side = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        try #require(side >= 0 && ioctl(side, UInt(TIOCSWINSZ), &size) == 0)
        return (terminal, side)
    }

    /// stdout is a file, stderr a narrow terminal, on which progress must not wrap.
    @Test func `progress takes the width of its own terminal`() async throws {
        let terminal = try Self.makeTerminal(width: 30)
        let file = open("/dev/null", O_WRONLY | O_CLOEXEC)
        try await withServer(StubDaemon().table) { path in
            let child = try Self.start(
                ["audit", "verify", "--socket", path], output: file, messages: terminal.writing,
                environment: ["TERM=xterm"])
            close(terminal.writing)
            let text = String(decoding: await Self.all(terminal.reading), as: UTF8.self)
            #expect(await child.end() == 0)
            #expect(text.contains("\u{1b}[K"))
            for line in text.split(whereSeparator: { $0 == "\r" || $0 == "\n" || $0 == "\r\n" }) {
                #expect(line.replacing("\u{1b}[K", with: "").unicodeScalars.count < 30, "\(line)")
            }
        }
        close(terminal.reading)
        close(file)
    }

    @Test(arguments: [
        ["audit", "verify"], ["results", "b7"], ["report", "-o", "/dev/null"], ["top"], ["queue", "list"],
    ])
    func `a dumb terminal gets no escape codes and no line drawn over`(command: [String]) async throws {
        let terminal = try Self.makeTerminal(width: 80)
        try await withServer(StubDaemon().table) { path in
            let child = try Self.start(
                command + ["--socket", path], output: terminal.writing, messages: terminal.writing,
                environment: ["TERM=dumb"])
            close(terminal.writing)
            let bytes = await Self.all(terminal.reading)
            #expect(await child.end() == 0)
            #expect(!bytes.contains(0x1b))
            // The terminal itself puts a carriage return before each newline.
            for (index, byte) in bytes.enumerated() where byte == 0x0d {
                #expect(index + 1 < bytes.count && [0x0d, 0x0a].contains(bytes[index + 1]))
            }
        }
        close(terminal.reading)
    }
}
