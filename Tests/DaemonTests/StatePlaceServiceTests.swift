import Control
import Domain
import Glibc
import SQLite
import Storage
import Testing

@testable import Daemon

/// What a whole londid does when somebody handles its state's files.
@Suite(.timeLimit(.minutes(5))) struct StatePlaceServices {
    private static let ann = User(uid: 1000, name: "ann")
    private static let start = Timestamp(milliseconds: 1_795_000_000_000)

    private static func prepare(_ store: Store) async throws {
        try await store.createQueue(QueueName("maths"), QueueSettings(), by: ann, now: start)
    }

    private static func submission() throws -> SubmitJob.Parameters {
        .init(
            queue: try QueueName("maths"),
            specification: JobSpecification(messages: [Message(role: "user", content: "x")]))
    }

    /// - Parameter submits: else it is idle, and looks by itself.
    @Test(arguments: [true, false]) func `a moved state ends it, and what was acknowledged is copied`(submits: Bool)
        async throws
    {
        var daemon = try await RunningDaemon(Self.prepare)
        daemon.exitStatus = 1
        let database = "\(daemon.statePath)/state.sqlite"
        try await daemon.run { path, status in
            let control = try ControlClient.connect(path: path)
            for _ in 1...5 { _ = try await control.call(SubmitJob.self, Self.submission()) }
            try #require(rename(database, "\(database).elsewhere") == 0)
            if submits {
                await #expect(throws: ControlError.self) {
                    _ = try await control.call(SubmitJob.self, Self.submission())
                }
            }
            // It is the last that comes.
            await status.message("nothing that londid says")
        }
        await #expect(throws: StorageError.self) { _ = try await daemon.store() }
        #expect(try await Restoration.check("\(database).rescued-1").books.differences == [])
        try #require(rename("\(database).elsewhere", database) == 0)
        let jobs = try await daemon.store().makeReader().jobs(JobFilter()).count
        #expect(jobs == 5 || submits && jobs == 6)
    }

    /// Damage on the disk, or somebody's hand: the one job is told, in its own line and to its own runner.
    @Test func `a damaged request keeps no other job from its result`() async throws {
        let specification = #"{"messages":[{"role":"user","content":"x"}]}"#
        let daemon = try await RunningDaemon { store in
            try await Self.prepare(store)
            let batch = try await store.beginBatch(
                queue: QueueName("maths"), submitter: Self.ann, fileName: nil, now: Self.start)
            let jobs = (1...3).map { (line: Int64) in
                NewJob(line: line, customID: "p\(line)", specification: specification)
            }
            try await store.appendJobs(jobs, to: batch, now: Self.start)
            _ = try await store.commitBatch(
                batch, sha256: String(repeating: "1", count: 64), allowDuplicate: false, now: Self.start)
            _ = try await store.cancelJobs(CancelFilter(batch: batch), by: Self.ann, now: Self.start)
            try Connection(path: "\(store.directory)/state.sqlite", mode: .readWrite).execute(
                "UPDATE payload SET specification = 'no JSON' WHERE job = 2")
        }
        try await daemon.run { path in
            let control = try ControlClient.connect(path: path)
            var replies = try await control.stream(Results.self, .init(batch: BatchID(1), follow: false))
            var lines: [ResultLine] = []
            while let reply = try await replies.next() { lines += reply.lines }
            #expect(lines.map(\.job) == [JobID(1), JobID(2), JobID(3)])
            #expect(lines.map { $0.damage == nil } == [true, false, true])
            #expect(lines[1].damage?.contains("the stored request of job 2 is damaged") == true)
            #expect(lines[1].line.contains(#""custom_id":"p2""#) && lines[1].line.contains("job 2 is damaged"))
            let other = try ControlClient.connect(path: path)
            let shown = try await other.call(ShowJob.self, .init(job: JobID(2))).specification
            #expect(shown.customID == "p2" && shown.messages.count == 1)
            #expect(shown.messages[0].content.contains("job 2 is damaged"))
        }
    }
}
