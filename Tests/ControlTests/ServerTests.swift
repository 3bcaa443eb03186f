@testable import Control
import Domain
import Glibc
import Synchronization
import Testing

/// The control socket with real connections: what clients get, whatever they send.
@Suite(.timeLimit(.minutes(5))) struct `The control server` {
    private static func table(
        _ authorization: Authorization = .userMode(ownUID: getuid())
    ) -> MethodTable {
        var table = MethodTable(authorization: authorization)
        table.on(ListQueues.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(queues: [MessageSamples.queueView]))
        }
        table.on(ListJobs.self) { parameters, _, reply async throws(ControlError) in
            guard reply.wantsMore else { return try await reply.send(.init(jobs: [MessageSamples.job])) }
            for number in 1..<Int64(parameters.limit ?? 3) {
                var job = MessageSamples.job
                job.job = JobID(number)
                try await reply.send(.init(jobs: [job]), continues: true)
            }
            try await reply.send(.init(jobs: []))
        }
        table.on(Cancel.self) { parameters, _, _ async throws(ControlError) in
            throw .notFound(kind: "job", name: parameters.job?.description ?? "?")
        }
        table.on(Feedback.self) { _, _, reply async throws(ControlError) in try await reply.send(.init()) }
        table.on(Results.self) { _, _, reply async throws(ControlError) in try await reply.send(.init(lines: [])) }
        return table
    }

    @Test func `answers a call with its typed reply`() async throws {
        try await withServer(Self.table()) { path in
            let client = try ControlClient.connect(path: path)
            let reply = try await client.call(ListQueues.self, .init())
            #expect(reply.queues == [MessageSamples.queueView])
            #expect(try await client.daemonVersion() == "9.9")
        }
    }

    @Test func `streams replies to a call with more`() async throws {
        try await withServer(Self.table()) { path in
            let client = try ControlClient.connect(path: path)
            var replies = try await client.stream(ListJobs.self, .init(limit: 100))
            var jobs: [JobID] = []
            while let reply = try await replies.next() { jobs += reply.jobs.map(\.job) }
            #expect(jobs == (1..<100).map { JobID($0) })
            // The connection serves the next call.
            #expect(try await client.call(ListJobs.self, .init()).jobs.count == 1)
        }
    }

    /// What a handler keeps for a connection must go with it, however the client went.
    @Test func `tells its handler which connection has ended`() async throws {
        let (events, ended) = AsyncStream.makeStream(of: ConnectionID.self)
        let (calls, called) = AsyncStream.makeStream(of: ConnectionID.self)
        var table = MethodTable(authorization: .userMode(ownUID: getuid()))
        table.on(ListQueues.self) { _, _, reply async throws(ControlError) in
            called.yield(reply.connection)
            try await reply.send(.init(queues: []))
        }
        table.onConnectionClosed { ended.yield($0) }
        try await withServer(table) { path in
            var iterator = calls.makeAsyncIterator()
            var ends = events.makeAsyncIterator()
            let staying = try ControlClient.connect(path: path)
            _ = try await staying.call(ListQueues.self, .init())
            let first = await iterator.next()
            do {
                let leaving = try ControlClient.connect(path: path)
                _ = try await leaving.call(ListQueues.self, .init())
            }
            let second = await iterator.next()
            #expect(first != second)
            #expect(await ends.next() == second)
            _ = try await staying.call(ListQueues.self, .init())
            #expect(await iterator.next() == first)
        }
    }

    @Test func `answers an error as the error that it was`() async throws {
        try await withServer(Self.table()) { path in
            let client = try ControlClient.connect(path: path)
            await #expect(throws: ControlError.notFound(kind: "job", name: "42")) {
                _ = try await client.call(Cancel.self, .init(job: JobID(42)))
            }
            await #expect(throws: ControlError.methodNotImplemented("io.londi.Status")) {
                _ = try await client.call(Status.self, .init())
            }
        }
    }

    /// Errors in the request itself are the standard's own, and the connection goes on.
    @Test(arguments: [
        (#"{"method":"io.londi.Nothing"}"#, "org.varlink.service.MethodNotFound", "method", "io.londi.Nothing"),
        (#"{"method":"io.other.List"}"#, "org.varlink.service.InterfaceNotFound", "interface", "io.other"),
        (#"{"method":"x"}"#, "org.varlink.service.InterfaceNotFound", "interface", "x"),
        (
            #"{"method":"io.londi.ListJobs","parameters":{"limit":"x"}}"#, "org.varlink.service.InvalidParameter",
            "parameter", "limit: a value of type Int was expected"
        ),
        (
            #"{"method":"io.londi.Feedback","parameters":{"job":1}}"#, "org.varlink.service.InvalidParameter",
            "parameter", "reward: it is missing"
        ),
        (
            #"{"method":"io.londi.ListJobs","parameters":{"queue":"No!"}}"#, "org.varlink.service.InvalidParameter",
            "parameter",
            "'No!' cannot name a queue: use 1 to 64 of a-z 0-9 . _ -, beginning with a letter or digit"
        ),
        (
            #"{"method":"org.varlink.service.GetInterfaceDescription","parameters":{"interface":"a.b"}}"#,
            "org.varlink.service.InterfaceNotFound", "interface", "a.b"
        ),
    ])
    func `names what is wrong with a request and goes on`(
        request: String, error: String, member: String, value: String
    ) async throws {
        try await withServer(Self.table()) { path in
            var client = try RawClient(path)
            try await client.send(request + "\0")
            let reply = try #require(try await client.reply())
            #expect(reply["error"] == .string(error))
            #expect(reply["parameters"]?[member] == .string(value))
            try await client.send(#"{"method":"org.varlink.service.GetInfo"}"# + "\0")
            #expect(try await client.reply()?["parameters"]?["version"] == .string("9.9"))
        }
    }

    @Test func `asks for more where a method needs it`() async throws {
        try await withServer(Self.table()) { path in
            let client = try ControlClient.connect(path: path)
            await #expect(throws: ControlError.expectedMore) {
                _ = try await client.call(Results.self, .init(batch: BatchID(1), follow: false))
            }
        }
    }

    /// Bytes that are no message end the connection, after a word why.
    @Test(arguments: [
        "garbage\0", "\0", "[]\0", "{\"method\":7}\0", "{}\0", "{\"method\":\"a.b\",\"more\":1}\0",
        "{\"method\":\"a.b\",\"upgrade\":true}\0", "{\"method\":\"\u{1}\"}\0",
    ])
    func `says why before it drops a client that sends no messages`(bytes: String) async throws {
        try await withServer(Self.table()) { path in
            var client = try RawClient(path)
            try await client.send(bytes)
            #expect(try await client.reply()?["error"] == .string("org.varlink.service.InvalidParameter"))
            #expect(try await client.reply() == nil)
        }
    }

    @Test func `refuses deep JSON without walking it`() async throws {
        try await withServer(Self.table()) { path in
            var client = try RawClient(path)
            let deep = String(repeating: "[", count: 1_000_000)
            try await client.send("{\"method\":\"io.londi.ListJobs\",\"parameters\":\(deep)\0")
            let reply = try #require(try await client.reply())
            #expect(reply["parameters"]?["parameter"]?.string?.contains("nested deeper than 64") == true)
        }
    }

    @Test func `refuses invalid UTF-8 in a parameter`() async throws {
        try await withServer(Self.table()) { path in
            var client = try RawClient(path)
            try await client.stream.write(
                Array(#"{"method":"io.londi.ListJobs","parameters":{"user":""#.utf8) + [0xc3, 0x28]
                    + Array("\"}}\0".utf8))
            #expect(try await client.reply()?["error"] == .string("org.varlink.service.InvalidParameter"))
        }
    }

    @Test func `refuses a message over the limit while it is still coming`() async throws {
        var limits = ControlLimits()
        limits.frameBytes = 1000
        try await withServer(Self.table(), limits: limits) { path in
            var client = try RawClient(path)
            try await client.send(String(repeating: "x", count: 1001))
            let reply = try #require(try await client.reply())
            #expect(reply["error"] == .string("io.londi.TooLarge"))
            #expect(reply["parameters"]?["limit"] == .integer(1000))
            #expect(try await client.reply() == nil)
        }
    }

    @Test func `drops a client that never ends its message`() async throws {
        var limits = ControlLimits()
        limits.frameMilliseconds = 30
        try await withServer(Self.table(), limits: limits) { path in
            var client = try RawClient(path)
            try await client.send("{\"method\":")
            let reply = try #require(try await client.reply())
            #expect(reply["parameters"]?["what"] == .string("the rest of a message took too long"))
            #expect(try await client.reply() == nil)
        }
    }

    @Test func `answers requests that were sent ahead in their order`() async throws {
        try await withServer(Self.table()) { path in
            var client = try RawClient(path)
            let requests = (1...50).map { #"{"method":"io.londi.Cancel","parameters":{"job":\#($0)}}"# + "\0" }
            try await client.send(requests.joined())
            for number in 1...50 {
                #expect(try await client.reply()?["parameters"]?["name"] == .string("\(number)"))
            }
        }
    }

    @Test func `answers nothing to a one-way call`() async throws {
        try await withServer(Self.table()) { path in
            var client = try RawClient(path)
            try await client.send(#"{"method":"io.londi.Cancel","parameters":{"job":1},"oneway":true}"# + "\0")
            try await client.send(#"{"method":"io.londi.Cancel","parameters":{"job":2}}"# + "\0")
            #expect(try await client.reply()?["parameters"]?["name"] == .string("2"))
        }
    }

    @Test func `limits the rate of requests and recovers with time`() async throws {
        var limits = ControlLimits()
        limits.requestsPerSecond = 2
        limits.requestBurst = 3
        let clock = TestClock()
        try await withServer(Self.table(), limits: limits, clock: clock) { path in
            let client = try ControlClient.connect(path: path)
            for _ in 0..<3 { _ = try await client.call(ListQueues.self, .init()) }
            await #expect(
                throws: ControlError.unavailable(what: "more than 2 requests a second on one connection: send fewer")
            ) { _ = try await client.call(ListQueues.self, .init()) }
            clock.advance(nanoseconds: 1_000_000_000)
            for _ in 0..<2 { _ = try await client.call(ListQueues.self, .init()) }
            await #expect(throws: ControlError.self) { _ = try await client.call(ListQueues.self, .init()) }
        }
    }

    @Test func `limits the connections of one user`() async throws {
        var limits = ControlLimits()
        limits.connectionsPerUser = 2
        try await withServer(Self.table(), limits: limits) { path in
            let first = try ControlClient.connect(path: path)
            let second = try ControlClient.connect(path: path)
            _ = try await first.call(ListQueues.self, .init())
            _ = try await second.call(ListQueues.self, .init())
            let third = try ControlClient.connect(path: path)
            await #expect(
                throws: ControlError.unavailable(what: "you have 2 connections to londid, the limit; close some")
            ) { _ = try await third.call(ListQueues.self, .init()) }
        }
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `survives noise and still serves`(seed: UInt64) async throws {
        try await withServer(Self.table()) { path in
            var random = Seeded(seed)
            let good = Array(#"{"method":"io.londi.ListJobs","parameters":{"limit":3},"more":true}"#.utf8) + [0]
            for _ in 0..<20 {
                let noisy = try RawClient(path)
                var bytes = good
                for _ in 0..<Int.random(in: 1...6, using: &random) {
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
                }
                do { try await noisy.stream.write(bytes) } catch ControlError.disconnected { continue }
            }
            let client = try ControlClient.connect(path: path)
            #expect(try await client.call(ListQueues.self, .init()).queues.count == 1, "seed \(seed)")
        }
    }
}
