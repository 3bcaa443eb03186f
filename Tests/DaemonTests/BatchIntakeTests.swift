import Control
import Domain
import Episodes
import Hashing
import Storage
import Testing

@testable import Daemon

/// A file with mistakes is corrected once or many times: that depends on how many of its mistakes are told at once.
@Suite struct BatchIntakes {
    private let state: TemporaryState
    private let store: Store
    private let intake: BatchIntake
    private let queue: QueueName
    private let user = User(uid: 1000, name: "ann")

    init() async throws {
        state = try TemporaryState()
        store = try Store(directory: state.directory, now: Timestamp(milliseconds: 0))
        queue = try QueueName("maths")
        try await store.createQueue(queue, QueueSettings(), by: user, now: Timestamp(milliseconds: 0))
        intake = BatchIntake(store: store, judge: Judge(commands: []), clock: WallClock())
    }

    private static func line(_ id: String, verifier: String = "{\"type\":\"feedback\"}") -> String {
        #"{"custom_id":"\#(id)","method":"POST","url":"/v1/chat/completions","body":{"messages":"#
            + #"[{"role":"user","content":"x"}]},"londi":{"verifier":\#(verifier)}}"#
    }

    private func begin(_ connection: UInt64 = 1) async throws -> BatchID {
        try await intake.begin(
            queue: queue, submitter: user, fileName: nil, priority: 0, connection: ConnectionID(connection))
    }

    @Test func `repeated ids are told beside every other mistake, in whichever message they come`() async throws {
        let batch = try await begin()
        let bad = Self.line("c", verifier: #"{"type":"regex","pattern":"("}"#)
        let first = try await intake.append(
            [Self.line("a"), Self.line("a"), "{", bad], from: 1, to: batch, by: user)
        #expect(first.errors.map(\.line) == [2, 3, 4])
        #expect(first.errors[0].message == "custom_id 'a' is already that of line 1; give each line its own")
        let second = try await intake.append(
            [Self.line("b"), Self.line("a"), Self.line("b")], from: 5, to: batch, by: user)
        #expect(
            second.errors.map(\.message) == [
                "custom_id 'a' is already that of line 1; give each line its own",
                "custom_id 'b' is already that of line 5; give each line its own",
            ])
        await #expect(
            throws: ControlError.conflict(
                what: "batch \(batch) has invalid lines", remedy: "correct them and submit the file again")
        ) { try await intake.commit(batch, sha256: "", allowDuplicate: false, by: user) }
    }

    /// SQLite and every other tool compare ids by bytes: one that is only equivalent to another is its own.
    @Test func `ids that are only equivalent differ`() async throws {
        let batch = try await begin()
        let lines = [Self.line("\u{e9}"), Self.line("e\u{301}")]
        #expect(try await intake.append(lines, from: 1, to: batch, by: user).errors == [])
        let digest = hexadecimal(SHA256.digest(of: lines.map { $0 + "\n" }.joined()))
        let commit = try await intake.commit(batch, sha256: digest, allowDuplicate: false, by: user)
        #expect(commit.jobCount == 2)
    }

    /// Whoever went away will not commit; its lines must not stay, nor its place among the open batches.
    @Test func `a batch ends with the connection that opened it, and no other`() async throws {
        let left = try await begin(1)
        let kept = try await begin(2)
        for batch in [left, kept] {
            _ = try await intake.append([Self.line("a")], from: 1, to: batch, by: user)
        }
        await intake.connectionClosed(ConnectionID(1))
        let reader = try store.makeReader()
        #expect(try await reader.batch(left).state == .abandoned)
        await #expect(throws: ControlError.notFound(kind: "open batch", name: left.description)) {
            try await intake.append([Self.line("b")], from: 2, to: left, by: user)
        }
        let digest = hexadecimal(SHA256.digest(of: Self.line("a") + "\n"))
        _ = try await intake.commit(kept, sha256: digest, allowDuplicate: false, by: user)
        await intake.connectionClosed(ConnectionID(2))
        #expect(try await reader.batch(kept).state == .ready)
    }

    /// A cycle cannot be written, since a line can only name what stands before it.
    @Test func `lines wait for earlier lines and for jobs of their submitter, and mistakes name their line`()
        async throws
    {
        func waiting(_ id: String, _ needs: String) -> String {
            Self.line(id).replacing(#""londi":{"#, with: #""londi":{"after_ok":[\#(needs)],"#)
        }
        let mine = try await store.submitJob(
            NewJob(specification: "{}"), queue: queue, submitter: user, now: Timestamp(milliseconds: 0)
        ).job
        let others = try await store.submitJob(
            NewJob(specification: "{}"), queue: queue, submitter: User(uid: 1001, name: "bob"),
            now: Timestamp(milliseconds: 0)
        ).job
        let bad = try await begin()
        let reply = try await intake.append(
            [waiting("a", "\"a\""), waiting("b", "\"c\""), waiting("c", "\(others)"), waiting("d", "99")], from: 1,
            to: bad, by: user)
        #expect(
            reply.errors == [
                LineError(line: 1, message: "londi names 'a' to wait for, and no earlier line has that custom_id"),
                LineError(line: 2, message: "londi names 'c' to wait for, and no earlier line has that custom_id"),
                LineError(line: 3, message: "londi names job \(others) to wait for, and there is no such job"),
                LineError(line: 4, message: "londi names job 99 to wait for, and there is no such job"),
            ])
        let good = try await begin()
        let lines = [waiting("a", "\(mine)"), waiting("b", "\"a\",\(mine)")]
        #expect(try await intake.append([lines[0]], from: 1, to: good, by: user).accepted == 1)
        #expect(try await intake.append([lines[1]], from: 2, to: good, by: user).accepted == 1)
        let digest = hexadecimal(SHA256.digest(of: lines.joined(separator: "\n") + "\n"))
        _ = try await intake.commit(good, sha256: digest, allowDuplicate: false, by: user)
        let jobs = try await store.makeReader().jobs(JobFilter(batch: good))
        #expect(jobs.map(\.pendingReason) == [.dependency, .dependency])
    }

    /// The answer to a call comes before its lines are stored.
    @Test(arguments: [true, false])
    func `lines that could not be stored are told at the next call, and nothing is queued`(appendsMore: Bool)
        async throws
    {
        let batch = try await begin()
        try await store.abandonBatch(batch)
        let lines = [Self.line("a"), Self.line("b")]
        #expect(try await intake.append([lines[0]], from: 1, to: batch, by: user).accepted == 1)
        let refusal = ControlError(StorageError.batchNotOpen(batch, state: .abandoned))
        if appendsMore {
            await #expect(throws: refusal) { try await intake.append([lines[1]], from: 2, to: batch, by: user) }
        } else {
            let digest = hexadecimal(SHA256.digest(of: lines[0] + "\n"))
            await #expect(throws: refusal) {
                try await intake.commit(batch, sha256: digest, allowDuplicate: false, by: user)
            }
        }
        #expect(try await store.makeReader().jobs(JobFilter()).isEmpty)
    }
}
