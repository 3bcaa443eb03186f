import Dispatch
import Domain
import FoundationEssentials
import Glibc
import Processes
import Synchronization

/// JSON-RPC 2.0 with one child, one request at a time. Whatever breaks the protocol kills the child with its process
/// group. Dropping the last reference does, too.
final class Channel: Sendable {
    private static let requestLimitBytes = 32_768
    /// For a process that has closed its stdout to end, and for its log to be read to the end.
    private static let endMilliseconds = 500

    private let child: ChildProcess
    private let inbox: Inbox
    private let log: LineReader
    private let last: LastLog
    private let requestCount = Mutex(0)

    private init(child: ChildProcess, inbox: Inbox, log: LineReader, last: LastLog) {
        self.child = child
        self.inbox = inbox
        self.log = log
        self.last = last
    }

    static func open(_ command: ProcessCommand) async throws(ProcessError) -> Channel {
        let child = try await ChildProcess.start(command, input: .pipe, output: .pipe, error: .pipe)
        guard let output = child.output, let error = child.error else { preconditionFailure("both are pipes") }
        // The readers live until the pipes end, so they must not keep the child.
        let inbox = Inbox { [weak child] fault in
            // Most programs close their stdout because they end.
            let (ending, grace) = (child, fault == .closed ? Self.endMilliseconds : 0)
            DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(grace)) { ending?.signal(SIGKILL) }
        }
        let lines = LineReader(reading: output, longestLineBytes: Inbox.longestLineBytes) { inbox.receive($0) }
        Task {
            await lines.end()
            inbox.fail(.closed)
        }
        let last = LastLog()
        let log = LineReader(reading: error) { last.add($0) }
        return Channel(child: child, inbox: inbox, log: log, last: last)
    }

    /// Neither ended nor at fault: worth another request.
    var isUsable: Bool { inbox.fault == nil && child.exitIfEnded == nil }

    /// Sends a request and suspends until its answer. Cancelling the task gives the process up.
    func answer<Result: Decodable>(
        to method: String, _ parameters: [String: JSONValue] = [:], withinMilliseconds limit: Int
    ) async throws(EnvironmentFault) -> RemoteResult<Result> {
        let number = requestCount.withLock { count in
            count += 1
            return count
        }
        let request = Self.request(number, method, parameters)
        let timer = DispatchWorkItem { [inbox] in inbox.fail(.hung(method: method, milliseconds: limit)) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(limit), execute: timer)
        defer { timer.cancel() }
        let received = await withTaskCancellationHandler {
            await inbox.line(afterSending: { if child.input?.send(request) != true { inbox.fail(.deaf) } })
        } onCancel: {
            inbox.fail(.abandoned)
        }
        let line = try received.get()
        do {
            let answer = try JSONDecoder().decode(RemoteAnswer<Result>.self, from: Data(line.utf8))
            guard answer.id == number else { throw EnvironmentFault.babbled(line) }
            return answer.result
        } catch {
            let fault = error as? EnvironmentFault ?? .garbled(method: method, reason: Self.text(of: error, line))
            inbox.fail(fault)
            throw fault
        }
    }

    /// Kills what is left of the process, and tells how it ended and its last lines.
    func end(for fault: EnvironmentFault) async -> (EnvironmentFault, lastLines: [String]) {
        inbox.fail(fault)
        let exit = await child.exit()
        await within(milliseconds: Self.endMilliseconds) { [log] in await log.end() }
        let isOwnEnd = fault == .closed || fault == .deaf
        return (isOwnEnd ? .ended(exit) : fault, last.lines)
    }

    /// Lets the process end by itself, and kills it where it does not.
    func close() async -> ProcessExit {
        child.input?.close()
        let timer = DispatchWorkItem { [child] in child.signal(SIGKILL) }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(4 * Self.endMilliseconds), execute: timer)
        let exit = await child.exit()
        timer.cancel()
        return exit
    }

    /// - Precondition: it is no longer than the protocol allows, which its callers' own limits see to (traps).
    private static func request(_ number: Int, _ method: String, _ parameters: [String: JSONValue]) -> [UInt8] {
        let request = JSONValue.object([
            "jsonrpc": .string("2.0"), "id": .integer(Int64(number)), "method": .string(method),
            "params": .object(parameters),
        ])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            let bytes = try Array(encoder.encode(request)) + [UInt8(ascii: "\n")]
            precondition(bytes.count <= requestLimitBytes, "a request of \(bytes.count) bytes is too long")
            return bytes
        } catch {
            preconditionFailure("texts and whole numbers are always JSON: \(error)")
        }
    }

    private static func text(of error: any Error, _ line: String) -> String {
        guard let error = error as? DecodingError else { return "'\(line.firstScalars(200))'" }
        let context: DecodingError.Context? =
            switch error {
            case .typeMismatch(_, let context), .valueNotFound(_, let context), .keyNotFound(_, let context): context
            default: nil
            }
        let path = context?.codingPath.map(\.stringValue).joined(separator: ".") ?? ""
        return (context.map { "\($0.debugDescription) at '\(path)' in " } ?? "") + "'\(line.firstScalars(200))'"
    }
}

/// The last lines of a process's log, written by its reader.
private final class LastLog: Sendable {
    private let kept = Mutex(LastLines())

    var lines: [String] { kept.withLock { $0.lines } }

    func add(_ line: String) { kept.withLock { $0.add(line) } }
}

/// Suspends until `body` has ended, or for so long; `body` itself goes on.
private func within(milliseconds: Int, _ body: @escaping @Sendable () async -> Void) async {
    await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let finish = OnceOnly { continuation.resume() }
        Task {
            await body()
            finish.run()
        }
        DispatchQueue.global().asyncAfter(deadline: .now() + .milliseconds(milliseconds)) { finish.run() }
    }
}

/// Does something the first time that it is asked to.
private final class OnceOnly: Sendable {
    private let isDone = Atomic<Bool>(false)
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func run() { if !isDone.exchange(true, ordering: .acquiringAndReleasing) { body() } }
}
