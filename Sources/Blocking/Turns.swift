import Synchronization

/// Has one task of each key at a time do something, in the order in which they came. Keys do not wait for each other.
package final class Turns<Key: Hashable & Sendable>: Sendable {
    private struct Waiter {
        var number: UInt64
        var continuation: CheckedContinuation<Bool, Never>
    }

    private struct State {
        /// Who waits behind whoever has the turn; a key without an entry is free.
        var lines: [Key: [Waiter]] = [:]
        var lastNumber: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    /// - Throws: where the task is cancelled before its turn comes; `body` is not begun then.
    package func taking<Value: Sendable>(
        _ key: Key, _ body: () async throws -> Value
    ) async throws -> Value {
        guard await begin(key) else { throw CancellationError() }
        defer { end(key) }
        return try await body()
    }

    /// Waits for the turn, which `end` gives back. false where the task was cancelled first: there is no turn to give back.
    package func begin(_ key: Key) async -> Bool {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let answer: Bool? = state.withLock { state in
                    // Here, as the handler may have run before there was anybody to wake.
                    if Task.isCancelled { return false }
                    guard state.lines[key] != nil else {
                        state.lines[key] = []
                        return true
                    }
                    state.lines[key]?.append(Waiter(number: number, continuation: continuation))
                    return nil
                }
                if let answer { continuation.resume(returning: answer) }
            }
        } onCancel: {
            let waiter: Waiter? = state.withLock { state in
                guard let index = state.lines[key]?.firstIndex(where: { $0.number == number }) else { return nil }
                return state.lines[key]?.remove(at: index)
            }
            waiter?.continuation.resume(returning: false)
        }
    }

    package func end(_ key: Key) {
        let next: Waiter? = state.withLock { state in
            guard state.lines[key]?.isEmpty == false else {
                state.lines[key] = nil
                return nil
            }
            return state.lines[key]?.removeFirst()
        }
        next?.continuation.resume(returning: true)
    }
}
