import Dispatch
import Glibc
import Synchronization

/// Waits for one process through its pidfd, without polling, and reaps it.
final class ExitWatch: Sendable {
    private struct State {
        var exit: ProcessExit?
        var waiters: [CheckedContinuation<ProcessExit, Never>] = []
    }

    private let pid: pid_t
    private let scratch: ScratchDirectory?
    private let state = Mutex(State())

    /// Takes ownership of the pidfd. The watch lives on by itself until the process has ended.
    init(_ child: Spawned, descriptor: Int32) {
        pid = child.pid
        scratch = child.scratch
        let source = DispatchSource.makeReadSource(fileDescriptor: descriptor)
        source.setEventHandler {
            self.reap()
            source.cancel()
        }
        source.setCancelHandler {
            close(descriptor)
            self.tellWaiters()
        }
        source.resume()
    }

    var exitIfEnded: ProcessExit? { state.withLock(\.exit) }

    func exit() async -> ProcessExit {
        await withCheckedContinuation { continuation in
            let exit = state.withLock { state in
                if state.exit == nil { state.waiters.append(continuation) }
                return state.exit
            }
            if let exit { continuation.resume(returning: exit) }
        }
    }

    /// Under the lock, so that a pid which was reaped and given to a stranger is never signalled.
    func signal(_ number: Int32) {
        state.withLock { state in
            if state.exit == nil { kill(-pid, number) }
        }
    }

    private func reap() {
        state.withLock { $0.exit = reapGroup(pid) }
        scratch?.remove()
    }

    private func tellWaiters() {
        let (exit, waiters) = state.withLock { state in
            let waiters = state.waiters
            state.waiters = []
            return (state.exit, waiters)
        }
        guard let exit else { preconditionFailure("a watch is cancelled only after its process was reaped") }
        for waiter in waiters { waiter.resume(returning: exit) }
    }
}

/// Waits for an ending process, kills what is left of its group, and reaps it.
func reapGroup(_ pid: pid_t) -> ProcessExit {
    // While the leader is a zombie its number is nobody else's, so the group can be killed safely before it is reaped.
    var information = siginfo_t()
    var found = waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT)
    while found < 0 && errno == EINTR { found = waitid(P_PID, id_t(pid), &information, WEXITED | WNOWAIT) }
    // Without a zombie the number may be a stranger's by now.
    guard found == 0 else { return .unknown }
    kill(-pid, SIGKILL)
    var status: Int32 = 0
    var reaped = waitpid(pid, &status, 0)
    while reaped < 0 && errno == EINTR { reaped = waitpid(pid, &status, 0) }
    // The kernel has taken it where SIGCHLD was ignored, which whoever starts us may have left so.
    guard reaped == pid else { return .unknown }
    return ProcessExit(status: status)
}
