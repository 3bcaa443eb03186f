import Blocking
import Control
import Domain
import FoundationEssentials
import Generation
import Glibc
import Storage
import Synchronization
import Testing

@testable import Daemon

/// One member does her worst beside another, who asks for the state and submits jobs meanwhile, by a whole londid: her waits
/// stay short, and londid ends in seconds whatever it was asked.
@Suite(.timeLimit(.minutes(5)), .serialized) struct `A hostile neighbour` {
    /// Of a hundred calls the longest but one.
    private static let patience = Duration.seconds(1)
    private static let calls = 60
    private static let queue = "q"
    /// Threads that block.
    private static let attackers = BackgroundExecutor(threads: 8, niceness: 0)

    private static func daemon() async throws -> RunningDaemon {
        var daemon = try await RunningDaemon { store in
            let user = User(uid: 0, name: "root")
            try await store.createQueue(
                try QueueName(queue), QueueSettings(), by: user, now: Timestamp(milliseconds: 0))
        }
        daemon.engines = [.quick: ScriptedEngine(.quick), .deepthink: ScriptedEngine(.deepthink)]
        return daemon
    }

    /// Asks and submits beside `attack`, and checks how long that took.
    private static func measure(_ path: String, beside attack: @escaping @Sendable () async -> Void) async throws {
        let client = try ControlClient.connect(path: path)
        let attacking = Task { await attack() }
        defer { attacking.cancel() }
        let specification = JobSpecification(messages: [Message(role: "user", content: "6 x 7?")])
        let name = try QueueName(queue)
        var waits: [Duration] = []
        for _ in 0..<calls {
            let start = ContinuousClock.now
            _ = try await client.call(Status.self, .init())
            let middle = ContinuousClock.now
            _ = try await client.call(SubmitJob.self, .init(queue: name, specification: specification))
            waits += [start.duration(to: middle), middle.duration(to: .now)]
            try await Task.sleep(for: .milliseconds(20))
        }
        waits.sort()
        #expect(waits[waits.count * 99 / 100 - 1] <= patience, "\(waits.suffix(5))")
    }

    /// Runs `body` with a daemon that must end soon after it.
    private static func run(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
        let daemon = try await daemon()
        let ended = Mutex<ContinuousClock.Instant?>(nil)
        try await daemon.run { path in
            try await body(path)
            ended.withLock { $0 = .now }
        }
        let end = ended.withLock { $0 }
        let took = try #require(end).duration(to: .now)
        #expect(took < .seconds(15), "\(took)")
    }

    /// Writes bytes as they are, again and again, and reads the answers away.
    private static func send(_ bytes: [UInt8], to path: String) {
        while !Task.isCancelled {
            let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            defer { close(descriptor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let size = socklen_t(MemoryLayout<sockaddr_un>.size)
            let status = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, size) }
            }
            guard status == 0 else { return }
            var pause = timeval(tv_sec: 0, tv_usec: 200_000)
            for option in [SO_SNDTIMEO, SO_RCVTIMEO] {
                setsockopt(descriptor, SOL_SOCKET, option, &pause, socklen_t(MemoryLayout<timeval>.size))
            }
            var rest = bytes[...]
            while !rest.isEmpty, !Task.isCancelled {
                let count = rest.withUnsafeBytes {
                    Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if count < 0, errno != EAGAIN { break }
                rest = rest.dropFirst(max(0, count))
            }
            var answer = [UInt8](repeating: 0, count: 4096)
            while !Task.isCancelled, recv(descriptor, &answer, answer.count, 0) < 0, errno == EAGAIN {}
        }
    }

    /// Sends `bytes` on so many connections, each from a thread of its own.
    private static func flood(_ path: String, _ bytes: [UInt8], connections: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<connections {
                group.addTask { await attackers.run { send(bytes, to: path) } }
            }
        }
    }

    private static func submission(metadata: [UInt8]) -> [UInt8] {
        let head =
            #"{"method":"io.londi.SubmitJob","parameters":{"queue":"q","specification":{"messages":[{"role":"user","content":"#
            + #""?"}],"metadata":"#
        return Array(head.utf8) + metadata + Array("}}}".utf8) + [0]
    }

    private static func members(_ count: Int) -> [UInt8] {
        [UInt8(ascii: "[")] + [UInt8](Array(repeating: Array("7,".utf8), count: count).joined()) + Array("7]".utf8)
    }

    @Test func `with patterns that never end keeps nobody waiting, and her jobs fail`() async throws {
        try await Self.run { path in
            let client = try ControlClient.connect(path: path)
            let hostile = JobSpecification(
                messages: [Message(role: "user", content: "letters")],
                verifier: .regex(pattern: "(a|b|c|ab|bc|ca)*a(a|b|c){200}x"))
            var jobs: [JobID] = []
            for _ in 0..<4 {
                jobs.append(
                    try await client.call(
                        SubmitJob.self,
                        .init(
                            queue: try QueueName(Self.queue), specification: hostile, maxAttempts: 1,
                            timeLimitMilliseconds: 3000)
                    ).job)
            }
            try await Self.measure(path) {}
            for job in jobs {
                var replies = try await client.stream(Wait.self, .init(job: job))
                while let reply = try await replies.next(), !reply.finished {}
                let state = try await client.call(ShowJob.self, .init(job: job)).job.state
                #expect(state == .timeout)
            }
        }
    }

    @Test func `with messages of millions of members keeps nobody waiting`() async throws {
        try await Self.run { path in
            let large = Self.submission(metadata: Self.members(2_000_000))
            try await Self.measure(path) { await Self.flood(path, large, connections: 4) }
        }
    }

    @Test func `with messages of the most members that are taken keeps nobody waiting`() async throws {
        try await Self.run { path in
            let large = Self.submission(metadata: Self.members(40_000))
            try await Self.measure(path) { await Self.flood(path, large, connections: 4) }
        }
    }

    /// Of messages: a debug build decodes much slower, and londid's end waits for the decoding that has begun.
    #if DEBUG
        private static let largest = 4 * 1024 * 1024
    #else
        private static let largest = 16 * 1024 * 1024
    #endif

    @Test func `with six connections that send the largest messages keeps nobody waiting`() async throws {
        try await Self.run { path in
            let text = [UInt8](repeating: UInt8(ascii: "x"), count: Self.largest - 1000)
            let large = Self.submission(metadata: [UInt8(ascii: "\"")] + text + [UInt8(ascii: "\"")])
            try await Self.measure(path) { await Self.flood(path, large, connections: 6) }
        }
    }

    @Test func `with thirty estimates keeps nobody waiting, and they end with her`() async throws {
        try await Self.run { path in
            let client = try ControlClient.connect(path: path)
            let queue = try QueueName(Self.queue)
            for number in 0..<24 {
                let job = try await client.call(
                    SubmitJob.self,
                    .init(
                        queue: queue,
                        specification: JobSpecification(
                            messages: [Message(role: "user", content: "\(number)?")],
                            verifier: .exact(answer: "yes", ignoresCase: false)))
                ).job
                var replies = try await client.stream(Wait.self, .init(job: job))
                while let reply = try await replies.next(), !reply.finished {}
            }
            try await Self.measure(path) {
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<30 {
                        group.addTask {
                            do {
                                let client = try ControlClient.connect(path: path)
                                _ = try await client.call(
                                    EvaluatePolicy.self, .init(queue: queue, cost: Double(number) / 100, kind: .sac))
                            } catch {
                                // Cut off.
                            }
                        }
                    }
                }
            }
            // The same question again is answered from memory.
            let first = try await client.call(EvaluatePolicy.self, .init(queue: queue, kind: .fittedQ))
            #expect(try await client.call(EvaluatePolicy.self, .init(queue: queue, kind: .fittedQ)) == first)
        }
    }
}
