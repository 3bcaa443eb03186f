import Dispatch
import Glibc
import Synchronization

/// Reads a pipe until its end and hands on each line, for the log of a child. Lines are decoded as UTF-8 with
/// replacement; a line longer than the limit is handed on in pieces.
package final class LineReader: Sendable {
    private struct State {
        var pending: [UInt8] = []
        var isFinished = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let descriptor: Descriptor
    private let longestLineBytes: Int
    private let onLine: @Sendable (String) -> Void
    private let state = Mutex(State())

    /// Begins to read at once, and lives on by itself until the last writer has closed the pipe.
    /// - Parameter onLine: called in order, from one serial queue.
    package init(
        reading descriptor: Descriptor, longestLineBytes: Int = 16_384, onLine: @escaping @Sendable (String) -> Void
    ) {
        self.descriptor = descriptor
        self.longestLineBytes = longestLineBytes
        self.onLine = onLine
        // A thread that blocks in read: Dispatch's read sources can miss the hang-up of a pipe on Linux.
        DispatchQueue(label: "londi.lines").async {
            while self.readOnce() {}
            self.finish()
        }
    }

    /// Suspends until the pipe's end, when every line has been handed on.
    package func end() async {
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isFinished = state.withLock { state in
                if !state.isFinished { state.waiters.append(continuation) }
                return state.isFinished
            }
            if isFinished { continuation.resume() }
        }
    }

    /// Returns false at the end of the stream.
    private func readOnce() -> Bool {
        var bytes = [UInt8](repeating: 0, count: 16_384)
        let count = read(descriptor.number, &bytes, bytes.count)
        if count < 0 { return errno == EINTR }
        guard count > 0 else { return false }
        let lines = state.withLock { state in
            var lines: [[UInt8]] = []
            for byte in bytes[..<count] {
                if byte != UInt8(ascii: "\n") { state.pending.append(byte) }
                if byte == UInt8(ascii: "\n") || state.pending.count >= longestLineBytes {
                    lines.append(state.pending)
                    state.pending = []
                }
            }
            return lines
        }
        for line in lines { onLine(String(decoding: line, as: UTF8.self)) }
        return true
    }

    private func finish() {
        let rest = state.withLock { state in
            let rest = state.pending
            state.pending = []
            return rest
        }
        if !rest.isEmpty { onLine(String(decoding: rest, as: UTF8.self)) }
        let waiters = state.withLock { state in
            state.isFinished = true
            let waiters = state.waiters
            state.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }
}
