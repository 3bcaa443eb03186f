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
        // Held until the block has ended: an actor's last reference may go in the middle of it.
        queue.async { [self] in unowned.runSynchronously(on: asUnownedSerialExecutor()) }
    }
}
