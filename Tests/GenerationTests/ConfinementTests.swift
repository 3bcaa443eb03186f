import Glibc
import Testing

@testable import Processes

/// Verifiers and environments run under londid's account, and answers of models are their input: none may reach the state.
@Suite(.timeLimit(.minutes(5)), .enabled(if: Confinement.kernelVersion > 0, "this kernel has no Landlock"))
struct ConfinementTests {
    /// A state directory and one for sockets, with a listener, beside a file that everybody may read.
    private final class Place {
        let path: String
        let listener: Int32

        init() throws {
            path = realPath(try temporaryDirectory())
            for name in ["state", "run", "scratch"] { #expect(mkdir("\(path)/\(name)", 0o700) == 0) }
            try overwrite("\(path)/state/state.sqlite", Array("secret".utf8))
            try overwrite("\(path)/open", Array("open".utf8))
            listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(path)/run/io.londi".utf8) }
            let bound = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(listener, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            #expect(bound == 0 && listen(listener, 5) == 0)
        }

        deinit {
            close(listener)
            #expect(system("rm -r '\(path)'") == 0)
        }

        func confinement(version: Int = Confinement.kernelVersion, network: Bool = false, tasks: Int = 64)
            -> Confinement
        {
            Confinement(
                hidden: ["\(path)/state", "\(path)/run"], scratchParent: "\(path)/scratch", allowsNetwork: network,
                mostTasks: tasks, landlockVersion: version)
        }

        func run(
            _ path: String, _ arguments: [String], _ confinement: Confinement?, timeLimitMilliseconds: Int = 60_000
        ) async throws -> ProcessResult {
            try await runToEnd(
                ProcessCommand(
                    path: path, arguments: arguments, environment: ["PATH": "/usr/bin:/bin"], confinement: confinement),
                outputLimit: 65_536, timeLimitMilliseconds: timeLimitMilliseconds)
        }

        func server(version: Int = Confinement.kernelVersion, connects: Bool = false) -> ServerConfinement {
            ServerConfinement(
                hidden: ["\(path)/state", "\(path)/run", "\(path)/key"], readable: ["\(path)/state/model.gguf"],
                socketDirectory: "\(path)/run", connects: connects, landlockVersion: version)
        }

        /// What a program prints that is confined as a server is.
        func python(_ arguments: [String], _ confinement: ServerConfinement) async throws -> [String] {
            let result = try await runToEnd(
                ProcessCommand(
                    path: "/usr/bin/python3", arguments: ["-I"] + arguments,
                    environment: ["PATH": "/usr/bin:/bin", "TMPDIR": "\(path)/scratch"], serverConfinement: confinement),
                outputLimit: 65_536, timeLimitMilliseconds: 60_000)
            #expect(result.isSuccess, "\(result.errorTail)")
            return String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
        }

        func shell(_ script: String, _ confinement: Confinement, timeLimitMilliseconds: Int = 60_000) async throws
            -> String
        {
            let result = try await run(
                "/bin/sh", ["-c", script], confinement, timeLimitMilliseconds: timeLimitMilliseconds)
            return String(decoding: result.output, as: UTF8.self)
        }

        var hostile: [String] {
            let directory = #filePath.split(separator: "/").dropLast().joined(separator: "/")
            return ["/\(directory)/hostile.py", "\(path)/state", "\(path)/run"]
        }

        /// What hostile.py could do.
        func attempts(_ confinement: Confinement?, _ neighbours: Int32...) async throws -> [String] {
            let result = try await run(
                "/usr/bin/python3", ["-I"] + hostile + neighbours.map(String.init), confinement)
            #expect(result.isSuccess, "\(result.errorTail)")
            return String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init).dropLast()
        }
    }

    /// The versions that a kernel may have, as far as this one knows them.
    private static let versions = [1, 2, 3, 5, 6].filter { $0 <= Confinement.kernelVersion }

    @Test(arguments: versions) func `it can do nothing to londid and to the state`(version: Int) async throws {
        let place = try Place()
        #expect(try await place.attempts(place.confinement(version: version)) == [])
        #expect(try bytes("\(place.path)/state/state.sqlite") == Array("secret".utf8))
        var status = stat()
        #expect(stat("\(place.path)/state", &status) == 0 && status.st_mode & 0o777 == 0o700)
    }

    /// Attempts that fail for another reason would prove nothing.
    @Test func `whoever is not confined can do nearly all of it`() async throws {
        let done = try await Place().attempts(nil)
        for name in ["read_the_state", "write_the_state", "connect_a_socket", "signal_londid", "limit_londid"] {
            #expect(done.contains(name))
        }
        #expect(done.count >= 30, "\(done)")
    }

    @Test(.enabled(if: Confinement.kernelVersion >= 6, "this kernel's Landlock knows no signals"))
    func `it can signal nobody outside`() async throws {
        let neighbour = try await ChildProcess.start(ProcessCommand(path: "/bin/sleep", arguments: ["1000"]))
        let place = try Place()
        #expect(try await place.attempts(place.confinement(), neighbour.pid) == [])
        neighbour.signal(SIGKILL)
    }

    /// A server has sockets, writes of itself in /proc, and lays out its threads, at the price that it can slow londid.
    @Test(arguments: versions) func `a server can do nothing to the state`(version: Int) async throws {
        let place = try Place()
        let done = try await place.python(place.hostile, place.server(version: version)).dropLast() as Array
        let harmless = [
            "write_to_a_process", "have_a_socket_of_the_machine", "have_a_netlink_socket",
            "have_a_socket_of_the_network", "have_datagrams",
        ]
        // A londid of root's has more rights than its server.
        #expect(done == harmless + (getuid() == 0 ? [] : ["bind_londid_to_a_processor"]))
        #expect(try bytes("\(place.path)/state/state.sqlite") == Array("secret".utf8))
    }

    @Test(arguments: versions) func `a server has its model and its socket, and none of the others'`(version: Int)
        async throws
    {
        let place = try Place()
        for name in ["state/model.gguf", "key"] { try overwrite("\(place.path)/\(name)", Array("text".utf8)) }
        let script = """
            import os, socket, sys
            def attempt(name, function):
                try: print(name, function() or "done")
                except OSError as error: print(name, error.strerror)
            place, own = sys.argv[1], socket.socket(socket.AF_UNIX)
            attempt("model", lambda: open(place + "/state/model.gguf").read())
            attempt("write model", lambda: open(place + "/state/model.gguf", "a").close())
            attempt("key", lambda: open(place + "/key").read())
            attempt("write", lambda: open(place + "/scratch/file", "w").close())
            attempt("bind", lambda: own.bind(place + "/run/own.sock") or own.listen())
            attempt("unlink", lambda: os.unlink(place + "/run/io.londi"))
            attempt("rename", lambda: os.rename(place + "/run/own.sock", place + "/run/io.londi"))
            attempt("connect", lambda: socket.socket(socket.AF_UNIX).connect(place + "/run/io.londi"))
            attempt("internet", lambda: socket.socket().connect(("127.0.0.1", 1)))
            """
        let (done, denied, refused) = ("done", "Permission denied", "Operation not permitted")
        func outcomes(_ connect: String, _ internet: String) -> [String] {
            [
                "model text", "write model \(denied)", "key \(denied)", "write \(done)", "bind \(done)",
                "unlink \(denied)",
                "rename \(denied)", "connect \(connect)", "internet \(internet)",
            ]
        }
        let alone = try await place.python(["-c", script, place.path], place.server(version: version))
        #expect(alone == outcomes(refused, refused))
        #expect(unlink("\(place.path)/run/own.sock") == 0)
        let spread = try await place.python(["-c", script, place.path], place.server(version: version, connects: true))
        #expect(spread == outcomes(done, "Connection refused"))
    }

    @Test func `it reads and runs what everybody may, and works in a directory of its own`() async throws {
        let place = try Place()
        let script = """
            cat \(place.path)/open; cp /bin/echo $TMPDIR/program && $TMPDIR/program own
            mkdir $TMPDIR/a && mv $TMPDIR/program $TMPDIR/a/; ls $TMPDIR; echo x >/dev/null && ls /usr >/dev/null && sleep 1000 & kill $! && echo $TMPDIR
            """
        let lines = try await place.shell(script, place.confinement()).split(separator: "\n").map(String.init)
        #expect(lines.dropLast() == ["openown", "a"])
        #expect(lines.last?.hasPrefix("\(place.path)/scratch/londi-command-") == true)
        #expect(try names("\(place.path)/scratch") == [], "it stays behind")
    }

    @Test func `the network is open only where it is meant to be`() async throws {
        let place = try Place()
        let open = try await place.attempts(place.confinement(network: true))
        #expect(open == ["have_a_socket_of_the_network"])
    }

    @Test func `one run does not see into another's directory`() async throws {
        let place = try Place()
        let first = try await ChildProcess.start(
            ProcessCommand(
                path: "/bin/sh", arguments: ["-c", "echo mine >$TMPDIR/file; echo $TMPDIR; exec sleep 1000"],
                environment: ["PATH": "/usr/bin:/bin"], confinement: place.confinement()), output: .pipe)
        let output = try #require(first.output)
        let directory = try #require(await Lines(output).first { _ in true })
        let seen = try await place.shell(
            "cat \(directory)/file || ls \(directory) || ls \(place.path)/scratch || echo nothing", place.confinement())
        #expect(seen == "nothing\n")
        #expect(try bytes("\(directory)/file") == Array("mine\n".utf8))
        first.signal(SIGKILL)
        _ = await first.exit()
        #expect(try names("\(place.path)/scratch") == [])
    }

    /// Whatever it starts stays in its group, so the time limit ends it all.
    @Test func `a bomb of processes ends with the time limit`() async throws {
        let place = try Place()
        // Of 256 and no more: whoever runs the tests may be root, whom no limit holds, on a machine that others need.
        let bomb = "import os, time\nfor _ in range(8):\n    os.fork()\ntime.sleep(1000)"
        let result = try await place.run(
            "/usr/bin/python3", ["-I", "-c", bomb + "  # \(place.path)"], place.confinement(tasks: 200),
            timeLimitMilliseconds: 1000)
        #expect(result.ending == .timeLimit || !result.isSuccess)
        #expect(
            try await place.shell("pgrep -f '[t]ime.sleep.*\(place.path)' || echo none", place.confinement())
                == "none\n")
    }

    /// The kernel holds everybody to a number of processes but root.
    @Test(.enabled(if: getuid() != 0, "root has as many processes as it likes"))
    func `it has no more processes than it may`() async throws {
        let place = try Place()
        let script = "i=0; while [ $i -lt 300 ]; do sleep 100 & i=$((i+1)); done; echo all"
        #expect(try await place.shell(script, place.confinement(tasks: 50)) == "")
    }

    @Test func `its directory goes whatever is in it`() async throws {
        let place = try Place()
        let script =
            "cd $TMPDIR; mkdir -m 0 locked; mkdir -p deep/er; ln -s \(place.path)/open link; mkfifo pipe; echo done"
        #expect(try await place.shell(script, place.confinement()) == "done\n")
        #expect(try names("\(place.path)/scratch") == [])
        #expect(try bytes("\(place.path)/open") == Array("open".utf8))
    }

    @Test func `a place that cannot be written to is told of`() async throws {
        let place = try Place()
        var confinement = place.confinement()
        confinement.scratchParent = "/no/such/place"
        let error = ProcessError.notConfined(
            path: "/bin/true", scratchParent: "/no/such/place", reason: "No such file or directory")
        await #expect(throws: error) { try await place.run("/bin/true", [], confinement) }
    }

    @Test func `what is hidden stays so where one hidden directory is in another`() throws {
        let place = try Place()
        let visible = Confinement.visible(
            hidden: ["\(place.path)/state", "\(place.path)/state/run"], scratch: "\(place.path)/scratch/londi-command-1"
        )
        #expect(visible.contains("\(place.path)/open") && visible.contains("\(place.path)/run"))
        #expect(visible.contains("/usr"))
        #expect(!visible.contains { $0.hasPrefix("\(place.path)/state") || "\(place.path)/state".hasPrefix($0 + "/") })
    }

    /// A directory whose name begins with a combining mark has no slash of its own among the path's Characters.
    @Test func `what is hidden is found by its bytes`() throws {
        let place = try Place()
        let hidden = "\(place.path)/\u{301}state"
        #expect(mkdir(hidden, 0o700) == 0 && mkdir("\(hidden)/\u{301}run", 0o700) == 0)
        let visible = Confinement.visible(hidden: [hidden, "\(hidden)/\u{301}run"])
        #expect(visible.contains("\(place.path)/open"))
        #expect(!visible.contains { Array($0.utf8).starts(with: hidden.utf8) })
        #expect(!visible.contains { Array("\(hidden)/".utf8).starts(with: "\($0)/".utf8) })
    }

    private func names(_ directory: String) throws -> [String] {
        let handle = try #require(opendir(directory))
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names.filter { $0 != "." && $0 != ".." }
    }

    private func bytes(_ path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"))
        defer { fclose(file) }
        var buffer = [UInt8](repeating: 0, count: 1000)
        let count = fread(&buffer, 1, buffer.count, file)
        return Array(buffer.prefix(count))
    }
}
