import Glibc
import Testing

@testable import londictl

/// Whoever finds a results file may trust it: it is whole, or it is not there.
@Suite(.timeLimit(.minutes(5))) struct `Result files` {
    private func inDirectory(_ body: (String) async throws -> Void) async throws {
        var template = Array("/tmp/londi-results-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        try await body(path)
        for name in names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    private func text(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 10_000)
        let count = read(descriptor, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    }

    @Test(arguments: [[], ["--follow"]])
    func `get the lines of their kind, and stdout none of them`(options: [String]) async throws {
        try await inDirectory { directory in
            try await withServer(StubDaemon().table) { path in
                let files = ["--output", "\(directory)/out", "--error-output", "\(directory)/err"]
                for _ in 1...2 {
                    let printed = await Printed.by(["results", "b7"] + files + options, path: path)
                    #expect(printed.exit == .ok)
                    #expect(printed.output == "" && printed.messages == "")
                    #expect(text("\(directory)/out") == "{\"custom_id\":\"a\"}\n{\"custom_id\":\"c\"}\n")
                    #expect(text("\(directory)/err") == "{\"custom_id\":\"b\"}\n")
                    #expect(names(in: directory) == ["err", "out"])
                }
                let one = await Printed.by(["results", "b7", "--error-output", "\(directory)/err"], path: path)
                #expect(one.output == "{\"custom_id\":\"a\"}\n{\"custom_id\":\"c\"}\n")
            }
        }
    }

    @Test func `that cannot be completed leave what was there`() async throws {
        try await inDirectory { directory in
            let out = "\(directory)/out"
            do {
                let file = try WholeFile(path: out)
                try file.write("old\n")
                try file.save()
            }
            // Nobody listens: the results never come.
            #expect(await Printed.by(["results", "b7", "--output", out]).exit == .unreachable)
            #expect(text(out) == "old\n")
            #expect(names(in: directory) == ["out"])
            #expect(await Printed.by(["results", "b7", "--output", "\(directory)/no/out"]).exit == .error)
            #expect(await Printed.by(["results", "b7", "--output", out, "--errors"]).exit == .usage)
            #expect(await Printed.by(["results", "b7", "--output", out, "--error-output", out]).exit == .usage)
        }
    }
}
