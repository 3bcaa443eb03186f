import Foundation
import Processes
import Testing

/// Whoever starts londid may have SIGCHLD ignored, which is inherited.
@Suite(.timeLimit(.minutes(2))) struct ChildSignals {
    /// The program beside the tests', as the same build made it.
    private static let program =
        "/" + CommandLine.arguments[0].split(separator: "/").dropLast().joined(separator: "/")
        + "/londid"

    /// A server that ends at once is started again and again: before, the first end was londid's.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: program)))
    func `where SIGCHLD is ignored, children's ends are noticed all the same`() async throws {
        let state = try TemporaryState()
        let directory = state.directory
        try Data(Array("GGUF".utf8) + [3, 0, 0, 0] + [UInt8](repeating: 0, count: 16)).write(
            to: URL(fileURLWithPath: "\(directory)/m.gguf"))
        let engine = "Model=\(directory)/m.gguf\nGpuLayers=0\n"
        try """
        [Daemon]
        StateDirectory=\(directory)/state
        RuntimeDirectory=\(directory)/run
        LlamaServer=/bin/false
        [Quick]
        \(engine)[Deepthink]
        \(engine)
        """.write(toFile: "\(directory)/londid.conf", atomically: true, encoding: .utf8)
        let script = """
            trap '' CHLD
            \(Self.program) --user --config \(directory)/londid.conf 2>\(directory)/log &
            londid=$!
            until [ "$(grep -c 'exit status 1' \(directory)/log)" -ge 3 ]; do kill -0 $londid || exit 9; sleep 0.1; done
            kill -TERM $londid
            wait $londid
            """
        let result = try await runToEnd(
            ProcessCommand(
                path: "/bin/sh", arguments: ["-c", script], environment: ["PATH": "/usr/bin:/bin", "HOME": directory]),
            outputLimit: 65_536, timeLimitMilliseconds: 60_000)
        #expect(result.isSuccess, "\(result.ending) \(result.errorTail)")
    }
}
