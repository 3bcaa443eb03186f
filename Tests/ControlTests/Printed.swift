import Control
import Domain
import Synchronization

@testable import londictl

/// What one command printed and how it ended.
struct Printed: Sendable {
    var exit: ExitCode
    var output: String
    var messages: String

    /// Runs a command line with the daemon at `path`, or where `environment` says, and `input` as its stdin.
    /// - Parameters:
    ///   - terminal: stdout is one, so many cells wide.
    ///   - drawsProgress: stderr is one.
    static func by(
        _ arguments: [String], path: String = "/nowhere/londi", environment: [String: String]? = nil,
        input: String = "", at instant: Timestamp? = nil, terminal width: Int? = nil, drawsProgress: Bool = false
    ) async -> Printed {
        let output = Recorder()
        let messages = Recorder()
        let rest = Mutex(Array(input.utf8))
        var console = Console(
            write: { output.add($0) }, complain: { messages.add($0) }, isTerminal: width != nil,
            drawsProgress: drawsProgress, width: width ?? 80,
            paint: Paint(isTerminal: width != nil, environment: environment ?? [:]),
            now: { instant ?? MessageSamples.now.advanced(byMilliseconds: 200_000) },
            readInput: { () throws(CommandError) in
                rest.withLock { bytes in
                    let piece = Array(bytes.prefix(50))
                    bytes.removeFirst(piece.count)
                    return piece
                }
            })
        // Many tests run at once.
        console.patience = .seconds(60)
        let status = await CommandLineTool.run(
            arguments: arguments, environment: environment ?? ["LONDI_SOCKET": path], console: console)
        return Printed(exit: status, output: output.text, messages: messages.text)
    }
}

private final class Recorder: Sendable {
    private let value = Mutex("")
    var text: String { value.withLock { $0 } }
    func add(_ text: String) { value.withLock { $0 += text } }
}
