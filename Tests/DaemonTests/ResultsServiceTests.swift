import Control
import Domain
import Storage
import Testing

@testable import Daemon

/// What a client that reads a batch's results gets from a whole londid.
@Suite(.timeLimit(.minutes(5))) struct ResultsServices {
    private static let ann = User(uid: 1000, name: "ann")
    private static let start = Timestamp(milliseconds: 1_795_000_000_000)
    private static let lineCount = 450

    /// One batch, of which all lines but the last were cancelled.
    private static func prepare(_ store: Store) async throws {
        let queue = try QueueName("maths")
        try await store.createQueue(queue, QueueSettings(), by: ann, now: start)
        let batch = try await store.beginBatch(queue: queue, submitter: ann, fileName: nil, now: start)
        let specification = #"{"messages":[{"role":"user","content":"x"}]}"#
        let jobs = (1...Int64(lineCount)).map {
            NewJob(line: $0, customID: $0 == Int64(lineCount) ? "last" : "p\($0)", specification: specification)
        }
        try await store.appendJobs(jobs, to: batch, now: start)
        _ = try await store.commitBatch(
            batch, sha256: String(repeating: "1", count: 64), allowDuplicate: false, now: start)
        _ = try await store.cancelJobs(CancelFilter(batch: batch, customID: "p*"), by: ann, now: start)
    }

    /// A job that is retried ends again, and that is another result; nothing else is sent twice.
    @Test func `whoever follows gets each end once, in the order of the file`() async throws {
        let daemon = try await RunningDaemon(Self.prepare)
        try await daemon.run { path in
            var replies = try await ControlClient.connect(path: path).stream(
                Results.self, .init(batch: BatchID(1), follow: true))
            var jobs: [Int64] = []
            while jobs.count < Self.lineCount - 1 {
                let lines = try #require(try await replies.next()).lines
                #expect(lines.count <= 200)
                jobs += lines.map(\.job.number)
            }
            #expect(jobs == Array(1..<Int64(Self.lineCount)))
            let other = try ControlClient.connect(path: path)
            _ = try await other.call(Retry.self, .init(jobs: [JobID(7)], cancelled: true))
            _ = try await other.call(Cancel.self, .init(job: JobID(7)))
            _ = try await other.call(Cancel.self, .init(job: JobID(Int64(Self.lineCount))))
            var later: [Int64] = []
            while let reply = try await replies.next() { later += reply.lines.map(\.job.number) }
            #expect(Set(later) == [7, Int64(Self.lineCount)] && later.count == 2)
        }
    }
}
