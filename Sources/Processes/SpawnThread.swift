import CSystem
import Dispatch
import Glibc
import Synchronization

/// The one thread that starts children. A child dies with the thread that spawned it (PR_SET_PDEATHSIG follows the
/// thread, not the process), so this one never ends.
final class SpawnThread: Sendable {
    static let shared = SpawnThread()

    private let waiting = Mutex<[@Sendable () -> Void]>([])
    private let arrivals = DispatchSemaphore(value: 0)

    private init() {
        var thread = pthread_t()
        // The thread keeps its own reference for ever.
        let status = pthread_create(&thread, nil, spawnThreadMain, Unmanaged.passRetained(self).toOpaque())
        precondition(status == 0, "the system refused the thread that starts children: \(Errno(number: status))")
        pthread_detach(thread)
    }

    /// Starts `command` in its own process group with the given descriptors as 0, 1 and 2.
    func spawn(
        _ command: ProcessCommand, input: Descriptor, output: Descriptor, error: Descriptor
    ) async throws(ProcessError) -> Spawned {
        // Numbers, not objects: the thread must not hold a pipe's end open any longer than the caller does.
        let numbers = [input.number, output.number, error.number]
        let result = await withCheckedContinuation { continuation in
            let job: @Sendable () -> Void = {
                continuation.resume(
                    returning: Result { () throws(ProcessError) in try Spawned(command, streams: numbers) })
            }
            waiting.withLock { $0.append(job) }
            arrivals.signal()
        }
        withExtendedLifetime((input, output, error)) {}
        return try result.get()
    }

    fileprivate func serve() {
        arrivals.wait()
        let job = waiting.withLock { $0.removeFirst() }
        job()
    }
}

/// C-compatible body of the thread.
private func spawnThreadMain(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer else { return nil }
    let thread = Unmanaged<SpawnThread>.fromOpaque(pointer).takeUnretainedValue()
    while true { thread.serve() }
}
