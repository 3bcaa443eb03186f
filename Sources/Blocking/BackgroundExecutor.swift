import CSystem
import Dispatch
import Glibc
import Synchronization

/// A few threads of their own, which give way to all others, for what takes a processor long: Swift's shared pool has one
/// thread for each core, and whatever computes there has everybody wait.
package final class BackgroundExecutor: TaskExecutor {
    private let niceness: Int32
    private let waiting = Mutex<(jobs: [UnownedJob], taken: Int)>(([], 0))
    private let arrivals = DispatchSemaphore(value: 0)

    /// The threads never end: for as many executors as a program has, not for one of each call.
    /// - Parameter niceness: how far the threads give way, 0 to 19.
    package init(threads: Int, niceness: Int32) {
        self.niceness = niceness
        for _ in 0..<threads {
            var thread = pthread_t()
            // Each thread keeps its own reference for ever.
            let status = pthread_create(&thread, nil, backgroundThreadMain, Unmanaged.passRetained(self).toOpaque())
            precondition(status == 0, "the system refused a thread: error \(status)")
            pthread_detach(thread)
        }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        waiting.withLock { $0.jobs.append(unowned) }
        arrivals.signal()
    }

    /// Does `body` there, in a task that is cancelled with the caller's. A preference of the caller's own task would not do: with
    /// nonsending functions by default its body goes on where the caller was, up to the first real suspension.
    package func run<Value: Sendable, Failure: Error>(
        _ body: @escaping @Sendable () async throws(Failure) -> Value
    ) async throws(Failure) -> Value {
        let task = Task(executorPreference: self) { () async -> Result<Value, Failure> in
            do throws(Failure) { return .success(try await body()) } catch { return .failure(error) }
        }
        return try await withTaskCancellationHandler {
            await task.value
        } onCancel: {
            task.cancel()
        }.get()
    }

    fileprivate func serve() -> Never {
        londi_give_way(niceness)
        while true {
            arrivals.wait()
            next().runSynchronously(on: asUnownedTaskExecutor())
        }
    }

    /// In the order of arrival.
    private func next() -> UnownedJob {
        waiting.withLock { waiting in
            let job = waiting.jobs[waiting.taken]
            waiting.taken += 1
            if waiting.taken * 2 > waiting.jobs.count {
                waiting.jobs.removeFirst(waiting.taken)
                waiting.taken = 0
            }
            return job
        }
    }
}

/// C-compatible body of a thread.
private func backgroundThreadMain(_ pointer: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let pointer else { return nil }
    Unmanaged<BackgroundExecutor>.fromOpaque(pointer).takeUnretainedValue().serve()
}
