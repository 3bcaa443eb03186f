import Control
import Glibc
import Testing

@testable import londictl

/// londictl must find the londid that the same user started, with or without a login session's variables.
@Suite(.timeLimit(.minutes(5))) struct `The socket` {
    @Test(
        arguments: [
            (["HOME": "/h"], ["/run/londi", "/h/.local/state/londi/run"]),
            (
                ["HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/1"],
                ["/run/londi", "/run/user/1/londi", "/h/.local/state/londi/run"]
            ),
            (["HOME": "/h", "XDG_STATE_HOME": "/s", "XDG_RUNTIME_DIR": ""], ["/run/londi", "/s/londi/run"]),
            (["HOME": "", "XDG_STATE_HOME": ""], ["/run/londi"]),
        ] as [([String: String], [String])])
    func `is looked for where londid puts it`(environment: [String: String], directories: [String]) {
        #expect(Session.candidates(environment) == directories.map { "\($0)/io.londi" })
    }

    @Test func `of a londid without a runtime directory is found beside its state`() async throws {
        let home = try makeDirectory()
        try await withServer(StubDaemon().table) { path in
            for directory in ["\(home)/londi", "\(home)/londi/run"] { mkdir(directory, 0o700) }
            symlink(path, "\(home)/londi/run/io.londi")
            let environment = ["XDG_STATE_HOME": home, "XDG_RUNTIME_DIR": "", "LONDI_SOCKET": ""]
            #expect(await Printed.by(["status"], environment: environment).exit == .ok)
        }
        unlink("\(home)/londi/run/io.londi")
        for directory in ["\(home)/londi/run", "\(home)/londi", home] { rmdir(directory) }
    }

    @Test func `that is nowhere is an error that lists where it was looked for`() async {
        let printed = await Printed.by(["status"], environment: ["HOME": "/h", "XDG_RUNTIME_DIR": "/run/user/none"])
        #expect(printed.exit == .unreachable)
        #expect(
            printed.messages.contains(
                "no londid answers at /run/londi/io.londi, /run/user/none/londi/io.londi, "
                    + "/h/.local/state/londi/run/io.londi (no such socket); start it with"))
    }
}
