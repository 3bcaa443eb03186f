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

    /// Starts `command` in its own process group with the given descriptors as 0, 1 and 2, and returns its pid.
    func spawn(
        _ command: ProcessCommand, input: Descriptor, output: Descriptor, error: Descriptor
    ) async throws(ProcessError) -> pid_t {
        // Numbers, not objects: the thread must not hold a pipe's end open any longer than the caller does.
        let numbers = [input.number, output.number, error.number]
        let result = await withCheckedContinuation { continuation in
            let job: @Sendable () -> Void = { continuation.resume(returning: start(command, numbers)) }
            waiting.withLock { $0.append(job) }
            arrivals.signal()
        }
        withExtendedLifetime((input, output, error)) {}
        guard result < 0 else { return result }
        throw failure(of: command, errno: -result)
    }

    fileprivate func serve() {
        arrivals.wait()
        let job = waiting.withLock { $0.removeFirst() }
        job()
    }

    private func failure(of command: ProcessCommand, errno number: Int32) -> ProcessError {
        let reason = Errno(number: number).description
        if let directory = command.directory, access(directory, X_OK) != 0 {
            return .directoryMissing(path: directory, program: command.path)
        }
        switch number {
        case ENOENT where access(command.path, F_OK) != 0, ENOTDIR: return .notFound(path: command.path)
        case ENOENT: return .notExecutable(path: command.path, reason: "its interpreter is missing")
        case EACCES, ENOEXEC, ELIBBAD, EISDIR: return .notExecutable(path: command.path, reason: reason)
        default: return .failed(path: command.path, reason: reason)
        }
    }
}

/// C-compatible body of the thread.
private func spawnThreadMain(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer else { return nil }
    let thread = Unmanaged<SpawnThread>.fromOpaque(pointer).takeUnretainedValue()
    while true { thread.serve() }
}

private func start(_ command: ProcessCommand, _ streams: [Int32]) -> pid_t {
    let environment = command.environment.map { "\($0.key)=\($0.value)" }.sorted()
    return withCStrings([command.path] + command.arguments) { arguments in
        withCStrings(environment) { variables in
            londi_spawn(
                command.path, arguments, variables, command.directory, streams[0], streams[1], streams[2],
                command.memoryBytes ?? 0, command.cpuSeconds ?? 0)
        }
    }
}

/// Texts as C's null-terminated array of pointers, for the length of `body`.
private func withCStrings<Result>(
    _ texts: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = texts.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeBufferPointer { buffer in
        guard let base = buffer.baseAddress else { preconditionFailure("an array with a terminator is never empty") }
        return body(base)
    }
}
