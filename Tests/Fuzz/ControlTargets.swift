@testable import Control
import Domain
import Episodes
import FoundationEssentials

/// What clients send: cut into frames, each a call whose parameters are decoded for its method. However the stream is cut, the same
/// frames must come out.
@Sendable func parseFrames(_ input: [UInt8]) {
    let limit = 2048
    let whole = frames(of: input[...], limit: limit, pieces: input.count)
    let cut = frames(of: input[...], limit: limit, pieces: max(1, Int(input.first ?? 1)))
    precondition(whole.isCut || cut.isCut || whole.frames == cut.frames, "the frames depend on how the stream was cut")
    let peer = Peer(uid: 1, gid: 1, pid: 1, groups: [], userName: "alice", authority: .member)
    for frame in whole.frames {
        do {
            let call = try Call(frame: frame, peer: peer, connection: ConnectionID(1))
            let value = try JSONReader.value(of: call.parameters)
            let again = try JSONReader.value(of: JSONText.text(of: value))
            precondition(value == again, "a value changes when it is written and read")
            for method in methods { decode(method, call) }
        } catch {
            // Malformed: said so, which is all that is asked.
        }
    }
}

private func frames(of input: ArraySlice<UInt8>, limit: Int, pieces: Int) -> (frames: [[UInt8]], isCut: Bool) {
    var buffer = FrameBuffer(limit: limit)
    var frames: [[UInt8]] = []
    var rest = input
    do {
        while !rest.isEmpty {
            buffer.append(rest.prefix(max(1, pieces)))
            rest = rest.dropFirst(max(1, pieces))
            while let frame = try buffer.next() { frames.append(frame) }
        }
        return (frames, false)
    } catch {
        return (frames, true)
    }
}

/// Every method decodes the parameters: they need not be its own.
private func decode<Method: ControlMethod>(_ method: Method.Type, _ call: Call) {
    do { _ = try JSONText.decode(Method.Parameters.self, from: call.parameters) } catch {
        precondition(!error.description.isEmpty)
    }
}

private let methods: [any ControlMethod.Type] = [
    VerifyBooks.self, ExportLedger.self, ReplayPolicy.self, CheckEnvironment.self, GrantBudget.self, RevokeGrants.self,
    ShowBudgets.self, ReportSpend.self, Retry.self, Reload.self, Status.self, ListPolicies.self, ListPolicyEvents.self,
    FreezePolicy.self, ThawPolicy.self, RollBackPolicy.self, ExportPolicy.self, ImportPolicy.self, ListBatches.self,
    ShowBatch.self, Wait.self, Results.self, EvaluatePolicy.self, CurvePolicy.self, MapPolicy.self, ListJobs.self,
    ShowJob.self, ExplainJob.self, WatchJob.self, Cancel.self, Feedback.self, Prune.self, SubmitJob.self,
    BeginBatch.self,
    AppendLines.self, CommitBatch.self, AbandonBatch.self, Backup.self, CreateQueue.self, SetQueue.self,
    ListQueues.self, ShowPolicy.self, ListPolicyVersions.self,
]

/// A batch file's lines. What is taken must come back from the database as it was.
@Sendable func parseBatch(_ input: [UInt8]) {
    for text in String(decoding: input, as: UTF8.self).split(separator: "\n") {
        do {
            let line = try BatchLine(parsing: String(text))
            let stored = try JSONEncoder().encode(line.specification)
            let loaded = try JSONDecoder().decode(JobSpecification.self, from: stored)
            precondition(loaded == line.specification, "a job changes when it is stored")
        } catch {
            precondition(!"\(error)".isEmpty)
        }
    }
}
