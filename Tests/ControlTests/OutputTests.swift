import Dispatch
import Domain
import Glibc
import Testing

@testable import londictl

/// Where a command writes: files, links, devices, FIFOs and open descriptors, as other Unix programs do.
@Suite(.timeLimit(.minutes(5))) struct `An output` {
    private static let exported = "{\"queues\":["

    private static func inDirectory(_ body: (String) async throws -> Void) async throws {
        let directory = try makeDirectory()
        try await body(directory)
        _ = await (try ChildProgram(["/bin/rm", "-r", directory], output: "/dev/null")).end()
    }

    private static func kind(_ path: String) -> mode_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
    }

    private static func mode(_ path: String) -> mode_t? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    private static func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 100_000)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    private static func write(_ text: String, _ path: String, mode: mode_t = 0o600) {
        let descriptor = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        _ = text.withCString { Glibc.write(descriptor, $0, text.utf8.count) }
        fchmod(descriptor, mode)
        close(descriptor)
    }

    /// The commands that write a file, up to its name.
    private static let commands = [
        ["queue", "export", "-o"], ["results", "b7", "--output"], ["results", "b7", "--follow", "--output"],
        ["audit", "export", "--file"], ["report", "-o"], ["policy", "export", "maths"],
    ]

    @Test(arguments: commands)
    func `that is a FIFO is written into`(command: [String]) async throws {
        try await Self.inDirectory { directory in
            let fifo = "\(directory)/fifo"
            #expect(mkfifo(fifo, 0o600) == 0)
            let reader = try ChildProgram(["/bin/cat", fifo], output: "\(directory)/read")
            try await withServer(StubDaemon().table) { path in
                let printed = await Printed.by(command + [fifo], path: path)
                #expect(printed.exit == .ok, "\(printed.messages)")
            }
            #expect(await reader.end() == 0)
            #expect(Self.text("\(directory)/read")?.isEmpty == false)
            #expect(Self.kind(fifo) == S_IFIFO)
        }
    }

    @Test(arguments: commands)
    func `that is a full device says so, and is a device still`(command: [String]) async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(command + ["/dev/full"], path: path)
            #expect(printed.messages == "londictl: /dev/full: No space left on device\n")
            #expect(printed.exit == .error)
        }
        #expect(Self.kind("/dev/full") == S_IFCHR)
    }

    @Test func `is replaced behind a symbolic link, with its mode`() async throws {
        try await Self.inDirectory { directory in
            #expect(mkdir("\(directory)/deep", 0o700) == 0)
            Self.write("old\n", "\(directory)/deep/target", mode: 0o640)
            #expect(symlink("deep/target", "\(directory)/second") == 0)
            #expect(symlink("\(directory)/second", "\(directory)/first") == 0)
            #expect(symlink("deep/none", "\(directory)/dangling") == 0)
            try await withServer(StubDaemon().table) { path in
                for link in ["first", "dangling"] {
                    let printed = await Printed.by(["queue", "export", "-o", "\(directory)/\(link)"], path: path)
                    #expect(printed.exit == .ok, "\(printed.messages)")
                    #expect(Self.kind("\(directory)/\(link)") == S_IFLNK)
                }
            }
            #expect(Self.kind("\(directory)/second") == S_IFLNK)
            for name in ["target", "none"] {
                #expect(Self.text("\(directory)/deep/\(name)")?.hasPrefix(Self.exported) == true)
            }
            #expect(Self.mode("\(directory)/deep/target") == 0o640)
        }
    }

    @Test func `that is a link to itself is refused`() async throws {
        try await Self.inDirectory { directory in
            #expect(symlink("loop", "\(directory)/loop") == 0)
            try await withServer(StubDaemon().table) { path in
                let printed = await Printed.by(["queue", "export", "-o", "\(directory)/loop"], path: path)
                #expect(printed.messages == "londictl: \(directory)/loop: Too many levels of symbolic links\n")
                let other = await Printed.by(["queue", "export", "-o", directory], path: path)
                #expect(other.messages == "londictl: \(directory): Is a directory\n" && other.exit == .error)
            }
        }
    }

    /// As `/dev/stdout` is where stdout is a file: what was written there before stays.
    @Test func `that is an open descriptor is written into`() async throws {
        try await Self.inDirectory { directory in
            Self.write("old\n", "\(directory)/log")
            let descriptor = open("\(directory)/log", O_WRONLY | O_APPEND | O_CLOEXEC)
            #expect(symlink("/proc/self/fd/\(descriptor)", "\(directory)/link") == 0)
            try await withServer(StubDaemon().table) { path in
                for name in ["/dev/fd/\(descriptor)", "\(directory)/link"] {
                    #expect(await Printed.by(["queue", "export", "-o", name], path: path).exit == .ok)
                }
            }
            close(descriptor)
            let lines = Self.text("\(directory)/log")?.split(separator: "\n") ?? []
            #expect(lines.count == 3 && lines[0] == "old" && lines[1].hasPrefix(Self.exported))
        }
    }

    /// root may write everywhere.
    @Test(.enabled(if: geteuid() != 0))
    func `in a directory that takes no file says what to do`() async throws {
        try await Self.inDirectory { directory in
            Self.write("old\n", "\(directory)/out")
            chmod(directory, 0o500)
            try await withServer(StubDaemon().table) { path in
                let printed = await Printed.by(["queue", "export", "-o", "\(directory)/out"], path: path)
                #expect(printed.exit == .error && printed.messages.contains("redirect the standard output"))
            }
            chmod(directory, 0o700)
            #expect(Self.text("\(directory)/out") == "old\n")
        }
    }

    @Test func `that would lose a backup or a policy is refused, a device is not`() async throws {
        try await Self.inDirectory { directory in
            Self.write("old\n", "\(directory)/out")
            #expect(symlink("out", "\(directory)/link") == 0)
            try await withServer(StubDaemon().table) { path in
                for name in ["out", "link"] {
                    for command in [["backup"], ["policy", "export", "maths"]] {
                        let printed = await Printed.by(command + ["\(directory)/\(name)"], path: path)
                        #expect(printed.messages.contains("it exists already"))
                    }
                }
                #expect(await Printed.by(["policy", "export", "maths", "/dev/null"], path: path).exit == .ok)
            }
            #expect(Self.text("\(directory)/out") == "old\n")
        }
    }

    @Test func `of a report tells what is read`() async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(["report", "-o", "/dev/null"], path: path, drawsProgress: true)
            #expect(printed.messages.contains("\rreading what maths has learnt, queue 1 of 1\u{1b}[K"))
            #expect(printed.messages.hasPrefix("\rreading spend") && printed.messages.contains("\r\u{1b}[K/dev/null: "))
        }
    }
}
