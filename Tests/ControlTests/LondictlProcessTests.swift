@testable import Control
import Domain
import Glibc
import Testing

/// What only a whole process shows: signals, and a daemon that goes away and comes back.
@Suite(.timeLimit(.minutes(5))) struct `The londictl program` {
    /// Says when a wait began, then answers as told.
    private struct WaitingDaemon: ControlHandler {
        let began: AsyncStream<Void>.Continuation
        let finishes: Bool

        func handle(_ call: Call, reply: Reply) async throws(ControlError) {
            var counts = JobCounts()
            counts.completed = 1
            if finishes { return try await reply.send(Wait.Reply(counts: counts, total: 1, finished: true)) }
            try await reply.send(Wait.Reply(counts: JobCounts(), total: 1, finished: false), continues: true)
            began.yield()
            let (never, hold) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            withExtendedLifetime(hold) {}
            throw .disconnected
        }
    }

    /// Scripts tell an interrupted wait from a failed job by 130; people are told how to come back.
    @Test func `says how to come back when it is interrupted`() async throws {
        let (events, began) = AsyncStream.makeStream(of: Void.self)
        let output = "\(try makeDirectory())/output"
        let status = try await withServer(WaitingDaemon(began: began, finishes: false)) { path in
            let child = try ChildProgram(
                [try ChildProgram.built("londictl"), "wait", "b7", "--socket", path], output: output)
            for await _ in events { break }
            kill(child.pid, SIGINT)
            return await child.end()
        }
        #expect(status == 130)
        #expect(
            try contents(of: output).hasSuffix("interrupted; the jobs go on: `londictl wait b7` comes back to them\n"))
    }

    /// Answers a submission until its commit, which it leaves unanswered.
    private static func committing(_ began: AsyncStream<Void>.Continuation) -> MethodTable {
        var table = MethodTable(authorization: .userMode(ownUID: getuid()))
        table.on(BeginBatch.self) { _, _, reply async throws(ControlError) in
            try await reply.send(.init(batch: BatchID(7)))
        }
        table.on(AppendLines.self) { parameters, _, reply async throws(ControlError) in
            try await reply.send(.init(accepted: parameters.lines.count, errors: []))
        }
        table.on(CommitBatch.self) { _, _, _ async throws(ControlError) in
            began.yield()
            let (never, hold) = AsyncStream.makeStream(of: Void.self)
            for await _ in never {}
            withExtendedLifetime(hold) {}
            throw .disconnected
        }
        return table
    }

    /// Nobody knows whether a commit that was cut short took place: to say that it did not would double the work.
    @Test func `does not claim to know what became of an interrupted commit`() async throws {
        let (events, began) = AsyncStream.makeStream(of: Void.self)
        let directory = try makeDirectory()
        let status = try await withServer(Self.committing(began)) { path in
            let child = try ChildProgram(
                [try ChildProgram.built("londictl"), "submit", "-q", "m", "-f", "/etc/hostname", "--socket", path],
                output: "\(directory)/output")
            for await _ in events { break }
            kill(child.pid, SIGINT)
            return await child.end()
        }
        #expect(status == 130)
        #expect(
            try contents(of: "\(directory)/output")
                == "\ninterrupted; it may have been queued; submitting the same file again is safe\n")
    }

    /// A daemon that is restarted, or killed, goes on with its jobs: a wait must not end before them.
    @Test func `goes on waiting when the daemon comes back`() async throws {
        let (events, began) = AsyncStream.makeStream(of: Void.self)
        let directory = try makeDirectory()
        let path = "\(directory)/io.londi"
        func serve(finishes: Bool) throws -> Task<Void, any Error> {
            let server = ControlServer(
                listener: try .bind(path: path, mode: 0o600), authorization: .userMode(ownUID: getuid()),
                version: "9.9", handler: WaitingDaemon(began: began, finishes: finishes), nanoseconds: { 0 })
            return Task { try await server.run() }
        }
        let first = try serve(finishes: false)
        let child = try ChildProgram(
            [try ChildProgram.built("londictl"), "wait", "b7", "--socket", path], output: "\(directory)/output")
        for await _ in events { break }
        first.cancel()
        _ = await first.result
        let second = try serve(finishes: true)
        #expect(await child.end() == 0)
        second.cancel()
        _ = await second.result
        let printed = try contents(of: "\(directory)/output")
        #expect(printed.contains("\nthe daemon is away; waiting for it to come back\nb7 1/1  1 completed"))
    }
}
