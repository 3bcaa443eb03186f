import Synchronization
import Testing

@testable import londictl

/// The same file is the same batch, however its bytes come.
@Suite struct `A file's lines` {
    /// Reads lines that come in pieces of so many bytes, and says how that ends.
    private static func reading(_ bytes: [UInt8], piece: Int) -> Result<[Int], CommandError> {
        let rest = Mutex(bytes[...])
        let console = Console(
            write: { _ in }, complain: { _ in }, isTerminal: false, drawsProgress: false, width: 80,
            now: { MessageSamples.now },
            readInput: { () throws(CommandError) in
                rest.withLock { rest in
                    let next = Array(rest.prefix(piece))
                    rest = rest.dropFirst(piece)
                    return next
                }
            })
        do throws(CommandError) {
            var file = try InputFile(path: "-", console: console)
            var lengths: [Int] = []
            while let line = try file.next() { lengths.append(line.utf8.count) }
            return .success(lengths)
        } catch { return .failure(error) }
    }

    /// A line of 8.2 MiB from a pipe was taken once and refused once: its end came with the bytes that made it too long.
    @Test(arguments: [65_536, 262_144, 1 << 20, 1 << 24])
    func `are refused beyond the limit whatever a read brings`(piece: Int) {
        let limit = InputFile.lineLimit
        func line(_ count: Int) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "x"), count: count) }
        let newline = [UInt8(ascii: "\n")]
        let error = CommandError.file(path: "stdin", reason: "line 2 is longer than \(limit) bytes")
        for end in [newline, []] {
            #expect(Self.reading(newline + line(limit + 1) + end, piece: piece) == .failure(error))
            #expect(Self.reading(newline + line(limit + 200_000) + end, piece: piece) == .failure(error))
            #expect(Self.reading(newline + line(limit) + end, piece: piece) == .success([0, limit]))
        }
        #expect(Self.reading(newline + line(limit) + [0x0d, 0x0a], piece: piece) == .success([0, limit]))
    }
}
