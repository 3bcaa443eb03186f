import Dispatch

/// Runs an actor on a queue of its own, for actors whose work is C calls that block: the threads of Swift's shared pool
/// stay free for everything else.
///
///     actor Store {
///         private let executor = BlockingExecutor(label: "londi.storage")
///         nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
///     }
package final class BlockingExecutor: SerialExecutor {
    private let queue: DispatchQueue

    package init(label: String) {
        queue = DispatchQueue(label: label)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        let executor = asUnownedSerialExecutor()
        queue.async { unowned.runSynchronously(on: executor) }
    }
}
