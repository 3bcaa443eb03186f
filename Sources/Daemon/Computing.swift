import Blocking
import Control
import Domain
import Storage
import Synchronization

/// What is computed for callers and takes a processor long: one thing at a time for each user, on threads that give way to
/// everything else, and until its caller goes or londid stops. Whatever is done here asks `Task.isCancelled` in its loops.
final class Computing: Sendable {
    private static let threads = 2
    private static let niceness: Int32 = 10
    private static let executor = BackgroundExecutor(threads: threads, niceness: niceness)

    private let turns = Turns<UInt32>()

    /// Does `body` when it is the user's turn.
    /// - Throws: `.disconnected` where the caller goes first.
    func run<Value: Sendable>(
        for peer: Peer, _ body: @escaping @Sendable () async throws(ControlError) -> Value
    ) async throws(ControlError) -> Value {
        try await inTurn(of: peer.uid) { () async throws(ControlError) in try await Self.executor.run(body) }
    }

    /// Has users' callers wait for each other where it is not this process that works.
    func inTurn<Value: Sendable>(
        of uid: UInt32, _ body: () async throws(ControlError) -> Value
    ) async throws(ControlError) -> Value {
        guard await turns.begin(uid) else { throw .disconnected }
        defer { turns.end(uid) }
        return try await body()
    }
}

/// The newest estimates, by all that they depend on: whoever asks again gets the same without computing.
final class EstimateMemory: Sendable {
    private static let limit = 64

    /// What an estimate is a function of.
    struct Key: Hashable, Sendable {
        let queue: QueueName
        /// Episodes change with outcomes only.
        let throughOutcome: Int64
        let episodeCount: Int
        let pairKey: String
        let encoder: String
        let settings: SwitcherSettings
        /// A version that was imported and is estimated as it is.
        let imported: Int64?
        /// What is asked of it.
        let question: String
    }

    private let kept = Mutex<[(key: Key, views: [EvaluationView])]>([])

    func views(_ key: Key) -> [EvaluationView]? {
        kept.withLock { kept in kept.first { $0.key == key }?.views }
    }

    func keep(_ views: [EvaluationView], _ key: Key) {
        kept.withLock { kept in
            kept.append((key, views))
            if kept.count > Self.limit { kept.removeFirst() }
        }
    }
}
