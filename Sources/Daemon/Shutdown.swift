import Synchronization

/// How far the daemon is in going down.
final class Shutdown: Sendable {
    enum Phase: Int, Comparable, Sendable {
        case running
        /// No new job and no new step; steps that run may end.
        case draining
        /// Steps that run are cut off.
        case aborting

        static func < (left: Phase, right: Phase) -> Bool { left.rawValue < right.rawValue }
    }

    private let current = Mutex(Phase.running)
    private let board: ChangeBoard

    init(board: ChangeBoard) { self.board = board }

    var phase: Phase { current.withLock { $0 } }

    /// Goes to `phase`, never back.
    func advance(to phase: Phase) {
        current.withLock { $0 = max($0, phase) }
        board.post()
    }

    /// Waits so long, also in a task that is cancelled. False as soon as the daemon aborts.
    func sleep(for duration: Duration) async -> Bool {
        // A task of its own does not inherit the cancellation.
        await Task {
            await first({ await self.reached(.aborting) }, { do { try await Task.sleep(for: duration) } catch {} })
        }.value
        return phase < .aborting
    }

    /// Returns once `phase` is reached, or the task is cancelled.
    func reached(_ phase: Phase) async {
        while !Task.isCancelled {
            let version = board.version
            if self.phase >= phase { return }
            await board.changed(since: version)
        }
    }
}
