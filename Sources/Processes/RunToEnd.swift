import CSystem
import Dispatch
import Glibc

/// Runs a program to its end: feeds `input` to its standard input, collects its standard output, and kills its group at
/// the time limit, at too much output, or when the calling task is cancelled. No process, zombie or descriptor stays.
/// A program that fails is no error here: `ProcessResult.ending` says so.
package func runToEnd(
    _ command: ProcessCommand, input: [UInt8] = [], outputLimit: Int, timeLimitMilliseconds: Int
) async throws(ProcessError) -> ProcessResult {
    let (child, streams, cancellation) = try await spawn(command)
    let run = Run(
        child: child, streams: streams, cancellation: cancellation.read, input: input, outputLimit: outputLimit,
        deadline: .now + .milliseconds(timeLimitMilliseconds))
    return await withTaskCancellationHandler {
        await withCheckedContinuation { continuation in
            // A thread of its own: the loop below blocks until the program has ended.
            DispatchQueue(label: "londi.run").async { continuation.resume(returning: run.toEnd()) }
        }
    } onCancel: {
        let byte: [UInt8] = [1]
        write(cancellation.write.number, byte, 1)
    }
}

/// londid's ends of a run's three pipes.
private struct RunStreams: Sendable {
    let input: Descriptor
    let output: Descriptor
    let error: Descriptor
}

/// Starts the program. On return only the program holds its own ends of the pipes.
private func spawn(
    _ command: ProcessCommand
) async throws(ProcessError) -> (Spawned, RunStreams, cancellation: (read: Descriptor, write: Descriptor)) {
    let pipes: [(read: Descriptor, write: Descriptor)]
    do {
        pipes = [try Descriptor.pipe(), try Descriptor.pipe(), try Descriptor.pipe(), try Descriptor.pipe()]
    } catch {
        throw .failed(path: command.path, reason: "no descriptor for its streams: \(error)")
    }
    let child = try await SpawnThread.shared.spawn(
        command, input: pipes[0].read, output: pipes[1].write, error: pipes[2].write)
    return (child, RunStreams(input: pipes[0].write, output: pipes[1].read, error: pipes[2].read), pipes[3])
}

/// The blocking loop of one run.
private struct Run: Sendable {
    static let errorTailBytes = 4096

    let child: Spawned
    let streams: RunStreams
    let cancellation: Descriptor
    let input: [UInt8]
    let outputLimit: Int
    let deadline: ContinuousClock.Instant

    func toEnd() -> ProcessResult {
        let pid = child.pid
        let descriptor = londi_pidfd(pid)
        precondition(descriptor >= 0, "no pidfd for our own child: \(Errno(number: -descriptor))")
        let exited = Descriptor(descriptor)
        for stream in [streams.input, streams.output, streams.error] { stream.setNonBlocking() }

        var inputPipe: Descriptor? = streams.input
        var output = Collected(limit: outputLimit, keepsTail: false)
        var error = Collected(limit: Self.errorTailBytes, keepsTail: true)
        var written = 0
        var ending: ProcessResult.Ending?
        while ending == nil {
            if written == input.count {
                inputPipe?.close()
                inputPipe = nil
            }
            var polled = [
                pollfd(fd: exited.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: cancellation.number, events: Int16(POLLIN), revents: 0),
                pollfd(fd: output.isOpen ? streams.output.number : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: error.isOpen ? streams.error.number : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: inputPipe?.number ?? -1, events: Int16(POLLOUT), revents: 0),
            ]
            let left = deadline - .now
            guard left > .zero else {
                ending = .timeLimit
                break
            }
            if poll(&polled, nfds_t(polled.count), Int32(min(left / .milliseconds(1) + 1, 60_000))) < 0 { continue }
            if polled[2].revents != 0 { output.read(from: streams.output) }
            if polled[3].revents != 0 { error.read(from: streams.error) }
            if polled[4].revents != 0, let pipe = inputPipe {
                let count = pipe.writeWithoutSignal(input[written...])
                if count < 0 { inputPipe = nil } else { written += count }
            }
            if polled[0].revents != 0 {
                break
            } else if polled[1].revents != 0 {
                ending = .cancelled
            } else if output.isOver {
                ending = .outputLimit
            }
        }
        if ending != nil { kill(-pid, SIGKILL) }
        let exit = reapGroup(pid)
        child.scratch?.remove()
        // Nobody writes any more, but for a process that left the group: what is in the pipes now is all there will be.
        output.drain(streams.output)
        error.drain(streams.error)
        if ending == nil && output.isOver { ending = .outputLimit }
        return ProcessResult(
            ending: ending ?? .exited(exit), output: output.bytes,
            errorTail: String(decoding: error.bytes, as: UTF8.self))
    }
}

/// What was read from one pipe: the first bytes up to the limit, or the last.
private struct Collected {
    let limit: Int
    let keepsTail: Bool
    var bytes: [UInt8] = []
    var isOpen = true
    var isOver = false

    init(limit: Int, keepsTail: Bool) {
        self.limit = limit
        self.keepsTail = keepsTail
    }

    /// Reads once; returns false when there is nothing to read now.
    @discardableResult
    mutating func read(from descriptor: Descriptor) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = Glibc.read(descriptor.number, &buffer, buffer.count)
        if count < 0 { return errno == EINTR }
        guard count > 0 else {
            isOpen = false
            return false
        }
        bytes += buffer[..<count]
        if bytes.count > limit {
            if keepsTail {
                bytes.removeFirst(bytes.count - limit)
            } else {
                isOver = true
                bytes.removeLast(bytes.count - limit)
            }
        }
        return true
    }

    /// Reads what is there, but no more than a pipe can hold: a process that left the group may still be writing.
    mutating func drain(_ descriptor: Descriptor) {
        for _ in 0..<64 where isOpen && !isOver {
            if !read(from: descriptor) { return }
        }
    }
}
