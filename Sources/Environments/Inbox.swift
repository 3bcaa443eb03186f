import Synchronization

/// The lines of a process's stdout: each is the answer that somebody waits for, or a fault. The first fault is the last
/// word; whatever comes behind it is dropped.
final class Inbox: Sendable {
    static let longestLineBytes = 4 << 20

    private struct State {
        var waiter: CheckedContinuation<Result<String, EnvironmentFault>, Never>?
        var fault: EnvironmentFault?
    }

    private let state = Mutex(State())
    private let onFault: @Sendable (EnvironmentFault) -> Void

    /// - Parameter onFault: called once, at the first fault.
    init(onFault: @escaping @Sendable (EnvironmentFault) -> Void) { self.onFault = onFault }

    var fault: EnvironmentFault? { state.withLock { $0.fault } }

    /// Suspends until the next line or a fault; a fault that was there before is the answer at once.
    /// - Parameter send: called once somebody waits, unless there is a fault.
    func line(afterSending send: () -> Void) async -> Result<String, EnvironmentFault> {
        await withCheckedContinuation { continuation in
            let fault = state.withLock { state in
                precondition(state.waiter == nil, "one request at a time")
                if state.fault == nil { state.waiter = continuation }
                return state.fault
            }
            if let fault { continuation.resume(returning: .failure(fault)) } else { send() }
        }
    }

    func receive(_ line: String) {
        guard line.utf8.count < Self.longestLineBytes else { return fail(.flooded) }
        let waiter = takeWaiter()
        if let waiter { waiter.resume(returning: .success(line)) } else { fail(.babbled(line)) }
    }

    func fail(_ fault: EnvironmentFault) {
        let (isFirst, waiter) = state.withLock { state in
            let isFirst = state.fault == nil
            state.fault = state.fault ?? fault
            let waiter = state.waiter
            state.waiter = nil
            return (isFirst, waiter)
        }
        if isFirst { onFault(fault) }
        waiter?.resume(returning: .failure(fault))
    }

    private func takeWaiter() -> CheckedContinuation<Result<String, EnvironmentFault>, Never>? {
        state.withLock { state in
            let waiter = state.waiter
            state.waiter = nil
            return waiter
        }
    }
}
