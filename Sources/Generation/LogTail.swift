import Domain
import Processes
import Synchronization

/// A server's log as it passes: handed on, its last lines kept for messages, and the places of its weights noted.
final class LogTail: Sendable {
    private struct Kept {
        var last = LastLines()
        var bufferDevices: Set<String> = []
        var reader: LineReader?
    }

    private let forward: @Sendable (String) -> Void
    private let kept = Mutex(Kept())

    init(forward: @escaping @Sendable (String) -> Void) { self.forward = forward }

    var lastLines: [String] { kept.withLock(\.last.lines) }

    /// The names of the devices that hold weights, such as `CUDA0` or `CPU_Mapped`.
    var bufferDevices: Set<String> { kept.withLock(\.bufferDevices) }

    func follow(_ reader: LineReader) { kept.withLock { $0.reader = reader } }

    /// Suspends until the log's end.
    func end() async { await kept.withLock(\.reader)?.end() }

    func add(_ line: String) {
        kept.withLock { kept in
            kept.last.add(line)
            if let device = Self.bufferDevice(in: line) { kept.bufferDevices.insert(device) }
        }
        forward(line)
    }

    /// Reads `load_tensors:        CUDA0 model buffer size =    92.10 MiB`, and of `RPC0[192.0.2.7:50052]` the name.
    static func bufferDevice(in line: String) -> String? {
        let words = line.parts(at: " ")
        guard let index = words.firstIndex(where: { $0 == "model" }), index > 0,
            words[index...].starts(with: ["model", "buffer", "size"])
        else { return nil }
        return String(words[index - 1].parts(at: "[", omittingEmpty: false)[0])
    }
}
