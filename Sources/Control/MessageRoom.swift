import Blocking
import CSystem
import Synchronization

/// What all connections share for messages that are not light: the memory while they come and while they are answered, and
/// threads of their own, so that light ones never wait behind them.
final class MessageRoom: Sendable {
    /// Memory that was freed goes back to the system no more often.
    private static let pause = Duration.seconds(1)
    /// Below the niceness of what computes for long: an import goes on beside models that take all processors.
    private static let executor = BackgroundExecutor(threads: 2, niceness: 5)

    private let limits: ControlLimits
    private let coming: MessageMemory
    private let answered: MessageMemory
    private let turns = Turns<UInt32>()
    private let returned = Mutex<ContinuousClock.Instant?>(nil)

    init(_ limits: ControlLimits) {
        self.limits = limits
        coming = MessageMemory(limit: limits.messageMemoryBytes / 2)
        answered = MessageMemory(limit: limits.messageMemoryBytes / 2)
    }

    /// Waits until there is room for a message that is coming and has grown beyond a light one.
    func reserve(for user: UInt32) async throws(ControlError) -> MessageMemory.Loan {
        try await coming.lend(limits.frameBytes, to: user)
    }

    /// Does `body` with a whole message: a light one where it is, others on threads of their own once there is memory for them.
    /// - Throws: `.tooLarge` for one with more values than the limit.
    func answering<Value: Sendable>(
        _ frame: [UInt8], of user: UInt32, _ body: @escaping @Sendable (Burden) async throws(ControlError) -> Value
    ) async throws(ControlError) -> Value {
        let size =
            frame.count <= limits.lightBytes
            ? MessageSize(of: frame) : await Self.executor.run { MessageSize(of: frame) }
        guard size.values <= limits.values else {
            throw .tooLarge(what: "a message, in JSON values,", limit: limits.values)
        }
        if size.bytes <= limits.lightBytes, size.values <= limits.lightValues { return try await body(.light) }
        let loan = try await answered.lend(size.memoryBytes, to: user)
        defer {
            loan.giveBack()
            returnMemory()
        }
        return try await Self.executor.run { () async throws(ControlError) in try await body(.heavy(self.turns, user)) }
    }

    private func returnMemory() {
        let isDue = returned.withLock { last in
            let now = ContinuousClock.now
            if let last, now - last < Self.pause { return false }
            last = now
            return true
        }
        if isDue { londi_return_memory() }
    }
}

/// Whether a message is light, or heavy and decoded when its user's other ones are.
enum Burden: Sendable {
    case light
    case heavy(Turns<UInt32>, UInt32)

    /// Decodes, one heavy message of each user at a time.
    /// - Throws: `.disconnected` where the caller goes first.
    func decoding<Value: Sendable>(
        _ body: @Sendable () throws(ControlError) -> Value
    ) async throws(ControlError) -> Value {
        guard case .heavy(let turns, let user) = self else { return try body() }
        guard await turns.begin(user) else { throw .disconnected }
        defer { turns.end(user) }
        return try body()
    }
}
