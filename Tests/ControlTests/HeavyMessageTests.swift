import Blocking
import Domain
import Glibc
import Synchronization
import Testing

@testable import Control

/// A message of many small members takes a hundred times its bytes, and time: it is counted before anything is made of it, and
/// nobody waits behind it.
@Suite(.timeLimit(.minutes(5))) struct `A heavy message` {
    private static func table(_ handle: @escaping @Sendable (Peer) async -> Void = { _ in }) -> MethodTable {
        var table = MethodTable(authorization: .userMode(ownUID: getuid()))
        table.on(SubmitJob.self) { _, peer, reply async throws(ControlError) in
            await handle(peer)
            try await reply.send(SubmitJob.Reply(job: JobID(1), duplicate: false))
        }
        table.on(ListQueues.self) { _, _, reply async throws(ControlError) in
            try await reply.send(ListQueues.Reply(queues: []))
        }
        return table
    }

    private static func submission(metadata: String) -> String {
        #"{"method":"io.londi.SubmitJob","parameters":{"queue":"q","specification":{"messages":[],"metadata":"#
            + metadata + "}}}\0"
    }

    private static func members(_ count: Int) -> String { "[\((0..<count).map { _ in "1" }.joined(separator: ","))]" }

    @Test(arguments: [
        ("{}", 1), ("[]", 2), (#"{"a":1,"b":[2,3],"c":"x,[{"}"#, 7), (#""\",[[""#, 1), (#"{"a":"\\","b":1}"#, 3),
    ])
    func `is counted never too low`(text: String, most: Int) {
        #expect(MessageSize(of: Array(text.utf8)).values <= most + 1)
        #expect(MessageSize(of: Array(text.utf8)).values >= most - 1)
    }

    @Test func `of too many members is refused by the limit, of fewer taken`() async throws {
        var limits = ControlLimits()
        limits.values = 5000
        try await withServer(Self.table(), limits: limits) { path in
            var client = try RawClient(path)
            try await client.send(Self.submission(metadata: Self.members(4000)))
            #expect(try await client.reply()?["parameters"]?["job"] == .integer(1))
            try await client.send(Self.submission(metadata: Self.members(6000)))
            let reply = try #require(try await client.reply())
            #expect(reply["error"] == .string("io.londi.TooLarge"))
            #expect(reply["parameters"]?["what"] == .string("a message, in JSON values,"))
            #expect(reply["parameters"]?["limit"] == .integer(5000))
        }
    }

    @Test func `keeps nobody from a light one`() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: Void.self)
        let table = Self.table { _ in
            continuation.yield()
            let (never, hold) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            withExtendedLifetime(hold) {}
        }
        var limits = ControlLimits()
        limits.messageMemoryBytes = 64 << 20
        try await withServer(table, limits: limits) { path in
            // More than there is memory for.
            var heavy: [RawClient] = []
            for _ in 0..<8 {
                let client = try RawClient(path)
                try await client.send(Self.submission(metadata: Self.members(20_000)))
                heavy.append(client)
            }
            var iterator = events.makeAsyncIterator()
            await iterator.next()
            let client = try ControlClient.connect(path: path)
            for _ in 0..<20 { _ = try await client.call(ListQueues.self, .init()) }
            withExtendedLifetime(heavy) {}
        }
    }

    /// Its caller may have sent more behind it: that must not hide its end.
    @Test func `ends with its caller, whatever was sent behind it`() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: String.self)
        let table = Self.table { _ in
            continuation.yield("began")
            let (never, hold) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            withExtendedLifetime(hold) {}
            continuation.yield("cancelled")
        }
        try await withServer(table) { path in
            var iterator = events.makeAsyncIterator()
            do {
                let client = try RawClient(path)
                try await client.send(Self.submission(metadata: "1"))
                #expect(await iterator.next() == "began")
                try await client.send(String(repeating: " ", count: 100_000))
            }
            #expect(await iterator.next() == "cancelled")
        }
    }
}

/// Memory is lent in turn, and nobody has all of it.
@Suite(.timeLimit(.minutes(5))) struct `Memory for messages` {
    @Test func `is lent to a user up to half, and to others beside her`() async throws {
        let memory = MessageMemory(limit: 100)
        let first = try await memory.lend(40, to: 1)
        let waiting = Task { try await memory.lend(20, to: 1) }
        while memory.waiterCount == 0 { await Task.yield() }
        let other = try await memory.lend(50, to: 2)
        #expect(memory.lentBytes == 90)
        first.giveBack()
        let second = try await waiting.value
        #expect(memory.lentBytes == 70)
        second.giveBack()
        other.giveBack()
        #expect(memory.lentBytes == 0)
    }

    @Test func `is lent whole to what takes more than there is, after the others`() async throws {
        let memory = MessageMemory(limit: 100)
        let small = try await memory.lend(10, to: 1)
        let waiting = Task { try await memory.lend(1000, to: 2) }
        while memory.waiterCount == 0 { await Task.yield() }
        // Nobody overtakes it.
        let later = Task { try await memory.lend(10, to: 3) }
        while memory.waiterCount == 1 { await Task.yield() }
        small.giveBack()
        let large = try await waiting.value
        #expect(memory.lentBytes == 100 && memory.waiterCount == 1)
        large.giveBack()
        try await later.value.giveBack()
        #expect(memory.lentBytes == 0)
    }

    @Test func `is not waited for by who is cancelled`() async throws {
        let memory = MessageMemory(limit: 100)
        let all = try await memory.lend(100, to: 1)
        let waiting = Task { () async -> ControlError? in
            do throws(ControlError) {
                _ = try await memory.lend(100, to: 2)
                return nil
            } catch { return error }
        }
        while memory.waiterCount == 0 { await Task.yield() }
        waiting.cancel()
        #expect(await waiting.value == .disconnected)
        all.giveBack()
        #expect(memory.lentBytes == 0 && memory.waiterCount == 0)
    }
}

/// One at a time of each key.
@Suite(.timeLimit(.minutes(5))) struct `Turns of users` {
    @Test func `are taken in order, and one user's wait is nobody else's`() async {
        let turns = Turns<Int>()
        #expect(await turns.begin(1))
        #expect(await turns.begin(2))
        let order = Mutex<[String]>([])
        let cancelled = Task { await turns.begin(1) }
        let waiting = Task {
            let hasTurn = await turns.begin(1)
            order.withLock { $0.append("second") }
            return hasTurn
        }
        cancelled.cancel()
        #expect(await !cancelled.value)
        order.withLock { $0.append("first") }
        turns.end(1)
        #expect(await waiting.value)
        #expect(order.withLock(\.self) == ["first", "second"])
        turns.end(1)
        turns.end(2)
        #expect(await turns.begin(1))
    }

    @Test func `computing sees that its task is cancelled`() async {
        let executor = BackgroundExecutor(threads: 1, niceness: 10)
        let (events, continuation) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            await executor.run {
                continuation.yield()
                while !Task.isCancelled {}
                return true
            }
        }
        var iterator = events.makeAsyncIterator()
        await iterator.next()
        task.cancel()
        #expect(await task.value)
    }
}
