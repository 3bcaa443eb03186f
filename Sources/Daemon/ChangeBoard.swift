import Synchronization

/// Tells whoever waits that something changed. It carries no content: a waiter looks again for itself, so that a missed or
/// doubled word does no harm.
final class ChangeBoard: Sendable {
    private struct State {
        var version: UInt64 = 0
        var nextKey: UInt64 = 0
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    /// The present version; what happens after this call has a higher one.
    var version: UInt64 { state.withLock(\.version) }

    /// Says that something changed.
    func post() {
        let waiters = state.withLock { state in
            state.version += 1
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Returns once the version is above `version`, or the task is cancelled.
    func changed(since version: UInt64) async {
        let key = state.withLock { state in
            state.nextKey += 1
            return state.nextKey
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.version > version || Task.isCancelled { return true }
                    state.waiters[key] = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: key) }?.resume()
        }
    }
}
