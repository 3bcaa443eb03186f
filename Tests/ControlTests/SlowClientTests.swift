@testable import Control
import Domain
import Glibc
import Synchronization
import Testing

/// Clients rest, vanish and stop reading: none of that may cost the daemon memory or hold its work.
@Suite(.timeLimit(.minutes(5))) struct `A client that` {
    /// A wait that nobody listens to any more must not hold anything.
    @Test func `closes cancels its handler`() async throws {
        let (events, continuation) = AsyncStream.makeStream(of: String.self)
        try await withServer(WaitingHandler(events: continuation)) { path in
            var iterator = events.makeAsyncIterator()
            do {
                let client = try ControlClient.connect(path: path)
                _ = try await client.stream(Wait.self, .init(batch: BatchID(1)))
                #expect(await iterator.next() == "began")
            }
            // The client is gone with its last reference.
            #expect(await iterator.next() == "cancelled")
        }
    }

    private struct WaitingHandler: ControlHandler {
        let events: AsyncStream<String>.Continuation
        func handle(_ call: Call, reply: Reply) async throws(ControlError) {
            events.yield("began")
            let (never, hold) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            withExtendedLifetime(hold) {}
            events.yield(Task.isCancelled ? "cancelled" : "ended")
            throw .disconnected
        }
    }

    /// A reader that rests must stop the writer, not fill the daemon's memory.
    @Test func `reads slowly is waited for and loses nothing`() async throws {
        let sent = Mutex(0)
        try await withServer(Flood(count: 200, sent: { sent.withLock { $0 += 1 } })) { path in
            let client = try ControlClient.connect(path: path)
            var replies = try await client.stream(Results.self, .init(batch: BatchID(1), follow: true))
            _ = try await replies.next()
            // 200 messages of 64 KiB do not fit into any socket's buffer.
            #expect(sent.withLock { $0 } < 200)
            var count = 1
            while try await replies.next() != nil { count += 1 }
            #expect(count == 201)
        }
    }

    /// Each byte in time does not make the message in time.
    @Test func `sends its message byte by byte is dropped like one that never ends it`() async throws {
        var limits = ControlLimits()
        // Longer than the test may take: only the clock that is told can end it.
        limits.frameMilliseconds = 3_600_000
        let clock = TestClock()
        let table = MethodTable(authorization: .userMode(ownUID: getuid()))
        try await withServer(table, limits: limits, clock: clock) { path in
            var client = try RawClient(path)
            for byte in "{\"method\":\"org.varlink.service.GetInfo\"" {
                do { try await client.send(String(byte)) } catch { break }
                // The server reads the byte before time goes on.
                try await Task.sleep(for: .milliseconds(20))
                clock.advance(nanoseconds: 200_000_000_000)
            }
            #expect(try await client.reply()?["parameters"]?["what"] == .string("the rest of a message took too long"))
        }
    }

    @Test func `never reads is dropped`() async throws {
        var limits = ControlLimits()
        limits.stallMilliseconds = 50
        let (events, continuation) = AsyncStream.makeStream(of: ControlError.self)
        try await withServer(Flood(count: 10_000, sent: {}, failed: { continuation.yield($0) }), limits: limits) {
            path in
            let client = try ControlClient.connect(path: path)
            _ = try await client.stream(Results.self, .init(batch: BatchID(1), follow: true))
            var iterator = events.makeAsyncIterator()
            #expect(await iterator.next() == .timedOut(what: "a reader of answers"))
            withExtendedLifetime(client) {}
        }
    }

    private struct Flood: ControlHandler {
        let count: Int
        let sent: @Sendable () -> Void
        var failed: @Sendable (ControlError) -> Void = { _ in }
        func handle(_ call: Call, reply: Reply) async throws(ControlError) {
            let line = ResultLine(
                job: JobID(1), kind: .output, endedAt: Timestamp(milliseconds: 1),
                line: String(repeating: "x", count: 65_536))
            do throws(ControlError) {
                for _ in 0..<count {
                    try await reply.send(Results.Reply(lines: [line]), continues: true)
                    sent()
                }
                try await reply.send(Results.Reply(lines: []))
            } catch {
                failed(error)
                throw error
            }
        }
    }
}
