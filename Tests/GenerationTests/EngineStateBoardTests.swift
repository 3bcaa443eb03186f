import Testing

@testable import Generation

/// Who watches an engine's state.
@Suite struct EngineStateBoardTests {
    /// londid did not stop, once in some hundred times: the stream's watcher was cancelled, which holds its task's lock
    /// and waits for the board's, while the engine published its end, which held the board's lock and waited for the
    /// task's.
    @Test(.timeLimit(.minutes(5)))
    func `a watcher can be cancelled at the moment at which the state changes`() async {
        for round in 0..<20_000 {
            let board = EngineStateBoard()
            let watcher = Task { for await _ in board.states() {} }
            let publisher = Task {
                for number in 0..<(1 + round % 3) { board.publish(.ready(device: "\(number)")) }
                board.publish(.stopped)
            }
            for _ in 0..<(round % 7) { await Task.yield() }
            watcher.cancel()
            await publisher.value
            await watcher.value
        }
    }

    /// Publishing outside the lock must not lose the order.
    @Test func `a watcher sees the states in their order, from the current one on`() async {
        let board = EngineStateBoard()
        board.publish(.ready(device: "a"))
        let states = board.states()
        board.publish(.starting)
        board.publish(.starting)
        board.publish(.ready(device: "b"))
        board.publish(.stopped)
        var seen: [EngineState] = []
        for await state in states {
            seen.append(state)
            if state == .stopped { break }
        }
        #expect(seen == [.ready(device: "a"), .starting, .ready(device: "b"), .stopped])
    }
}
