import Dispatch
import Glibc
import Synchronization

/// A connected Unix stream socket that waits without holding a thread. One task reads and one writes at a time.
final class SocketStream: Sendable {
    private let descriptor: Int32
    private static let events = DispatchQueue(label: "londi.control.sockets")

    /// Takes the descriptor over and makes it non-blocking.
    init(owning descriptor: Int32) {
        self.descriptor = descriptor
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    deinit { close(descriptor) }

    /// Ends both directions at once; whoever waits wakes up with the end of the stream.
    func shutDown() { _ = shutdown(descriptor, Int32(SHUT_RDWR)) }

    /// The other side has closed, whatever it sent before.
    var isClosedByPeer: Bool {
        var polled = pollfd(fd: descriptor, events: 0, revents: 0)
        return poll(&polled, 1, 0) > 0 && polled.revents & Int16(POLLHUP | POLLERR) != 0
    }

    /// What has come, at least one byte and at most `capacity`; empty at the end of the stream.
    /// - Throws: `.timedOut`, `.disconnected` (also where the task is cancelled).
    func read(capacity: Int = 65_536, withinMilliseconds limit: Int64? = nil) async throws(ControlError) -> [UInt8] {
        while true {
            var failure: Int32 = 0
            let bytes = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                let result = recv(descriptor, buffer.baseAddress, buffer.count, 0)
                failure = result < 0 ? errno : 0
                count = max(0, result)
            }
            switch failure {
            case 0: return bytes
            case EINTR: continue
            case EAGAIN: try await wait(for: .readable, what: "the rest of a message", withinMilliseconds: limit)
            default: throw .disconnected
            }
        }
    }

    /// Writes everything, waiting for a reader that is slow.
    /// - Throws: `.timedOut` where the reader takes nothing for `limit`, `.disconnected`.
    func write(_ bytes: [UInt8], withinMilliseconds limit: Int64? = nil) async throws(ControlError) {
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes {
                send(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written, Int32(MSG_NOSIGNAL))
            }
            if result >= 0 {
                written += result
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: try await wait(for: .writable, what: "a reader of answers", withinMilliseconds: limit)
            default: throw .disconnected
            }
        }
    }

    enum Readiness { case readable, writable }

    /// Until the socket can be read or written, its end included.
    func wait(
        for readiness: Readiness, what: String, withinMilliseconds limit: Int64? = nil
    ) async throws(ControlError) {
        let source: any DispatchSourceProtocol =
            switch readiness {
            case .readable: DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: Self.events)
            case .writable: DispatchSource.makeWriteSource(fileDescriptor: descriptor, queue: Self.events)
            }
        switch await SocketWait(source, queue: Self.events).outcome(withinMilliseconds: limit) {
        case .ready: return
        case .timedOut: throw .timedOut(what: what)
        case .cancelled: throw .disconnected
        }
    }
}

/// One wait for one event. It ends exactly once, in the source's cancel handler: only then is the descriptor out of the
/// kernel's event set and may be closed.
private final class SocketWait: Sendable {
    enum Outcome { case ready, timedOut, cancelled }

    // Dispatch objects may be used from any thread; their types do not say so.
    private struct Timer: @unchecked Sendable { let source: any DispatchSourceTimer }

    private struct State {
        var outcome: Outcome?
        var timer: Timer?
    }

    nonisolated(unsafe) private let source: any DispatchSourceProtocol
    private let queue: DispatchQueue
    private let state = Mutex(State())

    init(_ source: any DispatchSourceProtocol, queue: DispatchQueue) {
        self.source = source
        self.queue = queue
    }

    func outcome(withinMilliseconds limit: Int64?) async -> Outcome {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                source.setEventHandler { self.finish(.ready) }
                source.setCancelHandler {
                    continuation.resume(returning: self.state.withLock { $0.outcome ?? .cancelled })
                    // The handlers keep this object alive, and it keeps them.
                    self.source.setEventHandler(handler: nil)
                }
                if let limit { startTimer(milliseconds: limit) }
                source.activate()
            }
        } onCancel: {
            finish(.cancelled)
        }
    }

    private func startTimer(milliseconds: Int64) {
        let timer = Timer(source: DispatchSource.makeTimerSource(queue: queue))
        timer.source.setEventHandler { [weak self] in self?.finish(.timedOut) }
        timer.source.schedule(deadline: .now() + .milliseconds(Int(milliseconds)))
        timer.source.activate()
        let isOver = state.withLock { state in
            state.timer = timer
            return state.outcome != nil
        }
        if isOver { timer.source.cancel() }
    }

    private func finish(_ outcome: Outcome) {
        let timer = state.withLock { state in
            if state.outcome == nil { state.outcome = outcome }
            return state.timer
        }
        timer?.source.cancel()
        source.cancel()
    }
}
