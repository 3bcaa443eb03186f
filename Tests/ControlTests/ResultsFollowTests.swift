import Control
import Domain
import Synchronization
import Testing

@testable import londictl

/// `results --follow` may run for days: londid is updated and restarted meanwhile.
@Suite(.timeLimit(.minutes(5))) struct `Following results` {
    private static func line(_ job: Int64, endedAt: Int64 = 1) -> ResultLine {
        ResultLine(
            job: JobID(job), kind: .output, endedAt: Timestamp(milliseconds: endedAt),
            line: "{\"custom_id\":\"\(job)\"}")
    }

    /// Leaves its first caller after two results, as a daemon that stops does, and tells the next one everything.
    private static func table() -> MethodTable {
        let calls = Mutex(0)
        var table = MethodTable(authorization: Authorization(ownUID: 0, adminGroup: nil, memberGroup: nil))
        table.on(Results.self) { _, _, reply async throws(ControlError) in
            let call = calls.withLock {
                $0 += 1
                return $0
            }
            try await reply.send(.init(lines: [line(1), line(2)]), continues: true)
            guard call > 1 else { throw .disconnected }
            // A job that was retried has ended again.
            try await reply.send(.init(lines: [line(3), line(3), line(3, endedAt: 2)]), continues: true)
            try await reply.send(.init(lines: []))
        }
        return table
    }

    @Test func `says which job's request is damaged and prints the rest`() async throws {
        var table = MethodTable(authorization: Authorization(ownUID: 0, adminGroup: nil, memberGroup: nil))
        table.on(Results.self) { _, _, reply async throws(ControlError) in
            var damaged = Self.line(2)
            damaged.damage = "the stored request of job 2 is damaged"
            try await reply.send(.init(lines: [Self.line(1), damaged, Self.line(3)]), continues: true)
            try await reply.send(.init(lines: []))
        }
        try await withServer(table) { path in
            let printed = await Printed.by(["results", "b7"], path: path)
            #expect(printed.exit == .ok)
            #expect(printed.output == [1, 2, 3].map { Self.line($0).line + "\n" }.joined())
            #expect(printed.messages == "the stored request of job 2 is damaged\n")
        }
    }

    @Test func `survives a restart of the daemon and prints no end of a job twice`() async throws {
        try await withServer(Self.table()) { path in
            let printed = await Printed.by(["results", "b7", "--follow"], path: path)
            #expect(printed.exit == .ok)
            #expect(printed.output == [1, 2, 3, 3].map { Self.line($0).line + "\n" }.joined())
            #expect(printed.messages == "the daemon is away; waiting for it to come back\n")
        }
    }

    @Test func `is what survives: results alone end with the daemon`() async throws {
        try await withServer(Self.table()) { path in
            #expect(await Printed.by(["results", "b7"], path: path).exit == .unreachable)
        }
    }
}
