import Testing

@testable import Daemon

/// Everything in the daemon that waits, waits here: a lost wake-up would be a job that never starts.
@Suite struct ChangeBoards {
    @Test(.timeLimit(.minutes(5))) func `a change between looking and waiting is not missed`() async {
        let board = ChangeBoard()
        let version = board.version
        board.post()
        await board.changed(since: version)
    }

    @Test(.timeLimit(.minutes(5))) func `every waiter wakes`() async {
        let board = ChangeBoard()
        let version = board.version
        await withTaskGroup { group in
            for _ in 0..<100 { group.addTask { await board.changed(since: version) } }
            group.addTask { board.post() }
        }
    }

    @Test(.timeLimit(.minutes(5))) func `a cancelled waiter returns`() async {
        let board = ChangeBoard()
        let task = Task { await board.changed(since: board.version) }
        task.cancel()
        await task.value
    }
}
