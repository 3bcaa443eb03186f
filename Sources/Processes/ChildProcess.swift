import CSystem
import Dispatch
import Glibc
import Synchronization

/// A running program in a process group of its own. It dies with londid; its exit is reported at once and reaped
/// exactly once; what it left running in its group is killed with it. Dropping the last reference kills the group.
package final class ChildProcess: Sendable {
    /// What a child gets as one of its standard streams.
    package enum Stream: Sendable {
        case null
        /// A pipe, whose other end londid holds.
        case pipe
        /// The same as standard output; for standard error only.
        case output
    }

    package let pid: Int32
    /// The ends that londid holds of the streams started as `.pipe`; nil for the others.
    package let input: Descriptor?
    package let output: Descriptor?
    package let error: Descriptor?
    private let watch: ExitWatch

    private init(pid: Int32, input: Descriptor?, output: Descriptor?, error: Descriptor?, watch: ExitWatch) {
        self.pid = pid
        self.input = input
        self.output = output
        self.error = error
        self.watch = watch
    }

    deinit { watch.signal(SIGKILL) }

    /// Starts a program. Throws where it cannot be started; everything later is an exit.
    package static func start(
        _ command: ProcessCommand, input: Stream = .null, output: Stream = .null, error: Stream = .null
    ) async throws(ProcessError) -> ChildProcess {
        let inputs: Ends
        let outputs: Ends
        let errors: Ends
        do {
            inputs = try Ends(input, isInput: true)
            outputs = try Ends(output, isInput: false)
            errors =
                if case .output = error {
                    Ends(child: outputs.child, own: nil)
                } else {
                    try Ends(error, isInput: false)
                }
        } catch {
            throw .failed(path: command.path, reason: "no descriptor for its streams: \(error)")
        }
        let spawned = try await SpawnThread.shared.spawn(
            command, input: inputs.child, output: outputs.child, error: errors.child)
        let pid = spawned.pid
        let descriptor = londi_pidfd(pid)
        guard descriptor >= 0 else {
            kill(-pid, SIGKILL)
            waitpid(pid, nil, 0)
            spawned.scratch?.remove()
            throw .failed(path: command.path, reason: "no pidfd: \(Errno(number: -descriptor))")
        }
        return ChildProcess(
            pid: pid, input: inputs.own, output: outputs.own, error: errors.own,
            watch: ExitWatch(spawned, descriptor: descriptor))
    }

    /// Suspends until the process has ended. Any number of callers, at any time. Cancelling the task does not end the
    /// wait, since the process lives on: end the process.
    package func exit() async -> ProcessExit { await watch.exit() }

    /// How it ended; nil while it runs.
    package var exitIfEnded: ProcessExit? { watch.exitIfEnded }

    /// Sends a signal to the whole group; does nothing once the process is reaped.
    package func signal(_ number: Int32) { watch.signal(number) }

    /// Ends the group: SIGTERM, and after the grace period SIGKILL. Returns once the process is reaped.
    @discardableResult
    package func terminate(graceMilliseconds: Int) async -> ProcessExit {
        watch.signal(SIGTERM)
        let timer = DispatchWorkItem { [watch] in watch.signal(SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(graceMilliseconds), execute: timer)
        let exit = await watch.exit()
        timer.cancel()
        return exit
    }

    /// The two ends of a stream: the child's, closed here once it has its copy, and londid's.
    private struct Ends {
        let child: Descriptor
        let own: Descriptor?

        init(child: Descriptor, own: Descriptor?) {
            self.child = child
            self.own = own
        }

        init(_ stream: Stream, isInput: Bool) throws(Errno) {
            switch stream {
            case .null: self.init(child: try Descriptor.null(), own: nil)
            case .output: preconditionFailure("only standard error can follow standard output")
            case .pipe:
                let (read, write) = try Descriptor.pipe()
                self.init(child: isInput ? read : write, own: isInput ? write : read)
            }
        }
    }
}
