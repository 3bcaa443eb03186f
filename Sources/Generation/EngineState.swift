import Synchronization

/// What an engine is doing.
package enum EngineState: Equatable, Sendable {
    case starting
    /// The name of the device: `CPU`, or as llama-server lists it.
    case ready(device: String)
    /// It is tried again by itself; the error says why it is away.
    case unavailable(GenerationError)
    /// `run` has returned.
    case stopped
}

/// The current state of an engine and everyone who watches it.
final class EngineStateBoard: Sendable {
    private struct Board {
        var current = EngineState.starting
        var watchers: [Int: AsyncStream<EngineState>.Continuation] = [:]
        var nextWatcher = 0
    }

    private let board = Mutex(Board())

    var current: EngineState { board.withLock(\.current) }

    /// Says nothing where nothing changes. Only one task, the engine's, calls it: the states keep their order.
    func publish(_ state: EngineState) {
        let watchers = board.withLock { board in
            guard board.current != state else { return [AsyncStream<EngineState>.Continuation]() }
            board.current = state
            return Array(board.watchers.values)
        }
        // Outside the lock: resuming a watcher takes the lock of its task, and a task that is cancelled holds that one
        // while `remove` waits for ours.
        for watcher in watchers { watcher.yield(state) }
    }

    /// The current state at once, then each new one, until the watching task ends.
    func states() -> AsyncStream<EngineState> {
        let (stream, continuation) = AsyncStream.makeStream(of: EngineState.self, bufferingPolicy: .bufferingNewest(64))
        let number = board.withLock { board in
            board.nextWatcher += 1
            board.watchers[board.nextWatcher] = continuation
            continuation.yield(board.current)
            return board.nextWatcher
        }
        continuation.onTermination = { [weak self] _ in
            self?.remove(number)
        }
        return stream
    }

    private func remove(_ number: Int) {
        // Outside the lock: dropping a continuation may run its termination handler.
        let removed = board.withLock { $0.watchers.removeValue(forKey: number) }
        withExtendedLifetime(removed) {}
    }
}
