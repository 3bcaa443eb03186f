import Synchronization

/// Lends the memory that large messages take while they are read and answered. Who cannot be lent any now waits, in order;
/// nobody has more than half of it, unless one message alone takes more.
final class MessageMemory: Sendable {
    /// What was lent, until it is given back or the last reference goes.
    final class Loan: Sendable {
        private let memory: MessageMemory
        private let user: UInt32
        private let bytes: Int
        private let isOver = Atomic<Bool>(false)

        fileprivate init(_ memory: MessageMemory, _ user: UInt32, _ bytes: Int) {
            self.memory = memory
            self.user = user
            self.bytes = bytes
        }

        deinit { giveBack() }

        func giveBack() {
            if !isOver.exchange(true, ordering: .acquiringAndReleasing) { memory.take(back: bytes, from: user) }
        }
    }

    private struct Waiter {
        let number: UInt64
        let user: UInt32
        let bytes: Int
        let continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        var lent = 0
        var lentTo: [UInt32: Int] = [:]
        var waiters: [Waiter] = []
        var lastNumber: UInt64 = 0

        mutating func lend(_ bytes: Int, to user: UInt32) {
            lent += bytes
            lentTo[user, default: 0] += bytes
        }
    }

    let limit: Int
    private let state = Mutex(State())

    /// - Parameter limit: in bytes.
    init(limit: Int) { self.limit = limit }

    /// Now lent to anybody, and how many wait.
    var lentBytes: Int { state.withLock { $0.lent } }
    var waiterCount: Int { state.withLock { $0.waiters.count } }

    /// Waits until there are so many bytes for a user's message; for one that takes more than there is, for all.
    /// - Throws: `.disconnected` where the task is cancelled.
    func lend(_ bytes: Int, to user: UInt32) async throws(ControlError) -> Loan {
        let bytes = min(bytes, limit)
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let isLent = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    // Here, as the handler may have run before there was anybody to wake.
                    if Task.isCancelled { return false }
                    if state.waiters.isEmpty, hasRoom(state, bytes, user) {
                        state.lend(bytes, to: user)
                        return true
                    }
                    state.waiters.append(
                        Waiter(number: number, user: user, bytes: bytes, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) } else { serve() }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                guard let index = state.waiters.firstIndex(where: { $0.number == number }) else { return nil }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(returning: false)
            serve()
        }
        guard isLent else { throw .disconnected }
        return Loan(self, user, bytes)
    }

    private func hasShare(_ state: State, _ bytes: Int, _ user: UInt32) -> Bool {
        let has = state.lentTo[user] ?? 0
        return has == 0 || has + bytes <= limit / 2
    }

    private func hasRoom(_ state: State, _ bytes: Int, _ user: UInt32) -> Bool {
        state.lent + bytes <= limit && hasShare(state, bytes, user)
    }

    private func take(back bytes: Int, from user: UInt32) {
        state.withLock { state in
            state.lent -= bytes
            state.lentTo[user, default: 0] -= bytes
            if state.lentTo[user] == 0 { state.lentTo[user] = nil }
        }
        serve()
    }

    /// Serves who waits: whoever has had its share lets others by, but nobody overtakes one for whom there is only too little.
    private func serve() {
        let served: [Waiter] = state.withLock { state in
            var served: [Waiter] = []
            var left: [Waiter] = []
            var isFull = false
            for waiter in state.waiters {
                if isFull || !hasShare(state, waiter.bytes, waiter.user) {
                    left.append(waiter)
                } else if state.lent + waiter.bytes <= limit {
                    state.lend(waiter.bytes, to: waiter.user)
                    served.append(waiter)
                } else {
                    isFull = true
                    left.append(waiter)
                }
            }
            state.waiters = left
            return served
        }
        for waiter in served { waiter.continuation.resume(returning: true) }
    }
}
