import Control
import Domain
import Episodes
import Storage

extension ControlService {
    private static let shownBytes = 2048

    func addSubmission(to table: inout MethodTable) {
        table.on(SubmitJob.self) { parameters, peer, reply throws(ControlError) in
            try parameters.validate()
            try SubmissionLimits.check(priority: parameters.priority, for: peer.authority)
            try await check(parameters.specification, of: User(peer))
            let job = NewJob(
                customID: parameters.specification.customID,
                specification: JSONText.text(of: parameters.specification), priority: Int64(parameters.priority ?? 0),
                notBefore: parameters.notBefore, deadline: parameters.deadline,
                idempotencyKey: parameters.idempotencyKey, maxAttempts: parameters.maxAttempts,
                deepthinkCalls: parameters.deepthinkCalls,
                timeLimitMilliseconds: parameters.timeLimitMilliseconds,
                needs: Need.of(afterOK: parameters.afterOK, afterAny: parameters.afterAny))
            try await check(job.needs, of: peer)
            let submission = try await answering { () async throws(StorageError) in
                try await store.submitJob(job, queue: parameters.queue, submitter: User(peer), now: clock.now())
            }
            if !submission.isDuplicate { pacing.noteArrival(in: parameters.queue) }
            board.post()
            try await reply.send(
                SubmitJob.Reply(job: submission.job, batch: submission.batch, duplicate: submission.isDuplicate))
        }
        table.on(BeginBatch.self) { parameters, peer, reply throws(ControlError) in
            try parameters.validate()
            try SubmissionLimits.check(priority: parameters.priority, for: peer.authority)
            let needs = Need.of(afterOK: parameters.afterOK, afterAny: parameters.afterAny)
            try await check(needs, of: peer)
            let batch = try await intake.begin(
                queue: parameters.queue, submitter: User(peer), fileName: parameters.fileName,
                priority: parameters.priority ?? 0, connection: reply.connection,
                timeLimitMilliseconds: parameters.timeLimitMilliseconds, needs: needs,
                seesAllJobs: Self.visibleUser(to: peer) == nil,
                priorities: SubmissionLimits.priorities(for: peer.authority))
            try await reply.send(BeginBatch.Reply(batch: batch))
        }
        table.on(AppendLines.self) { parameters, peer, reply throws(ControlError) in
            try await reply.send(
                try await intake.append(
                    parameters.lines, from: parameters.firstLine, to: parameters.batch, by: User(peer)))
        }
        table.on(CommitBatch.self) { parameters, peer, reply throws(ControlError) in
            let commit = try await intake.commit(
                parameters.batch, sha256: parameters.sha256, allowDuplicate: parameters.allowDuplicate,
                by: User(peer))
            pacing.forgetCounts()
            board.post()
            try await reply.send(
                CommitBatch.Reply(batch: commit.batch, jobCount: commit.jobCount, duplicate: commit.isDuplicate))
        }
        table.on(AbandonBatch.self) { parameters, peer, reply throws(ControlError) in
            try await intake.abandon(parameters.batch, by: User(peer))
            try await reply.send(NoFields())
        }
    }

    /// Members depend on their own jobs only, as they see no others.
    private func check(_ needs: [Need], of peer: Peer) async throws(ControlError) {
        guard !needs.isEmpty else { return }
        let unknown = try await answering { () async throws(StorageError) in
            try await store.unknownNeeds(Need.jobs(of: needs), of: Self.visibleUser(to: peer))
        }
        if let job = unknown.first { throw .notFound(kind: "job", name: job.description) }
    }

    private func check(_ specification: JobSpecification, of user: User) async throws(ControlError) {
        if let request = specification.environment {
            if let complaint = environments.complaint(about: request) {
                throw .invalidArgument(argument: "environment", value: request.name, remedy: complaint)
            }
            return
        }
        guard specification.messages.contains(where: { $0.role == "user" && !$0.content.isEmpty }) else {
            throw .invalidArgument(
                argument: "messages", value: "\(specification.messages.count) messages",
                remedy: "give at least one message of the role user that says something")
        }
        if let complaint = pair.complaint(about: specification) {
            throw .invalidArgument(
                argument: "messages", value: "\(specification.messages.count) messages", remedy: complaint)
        }
        guard let verifier = specification.verifier else { return }
        if let fault = try await judge.faults(of: [verifier], for: user, judging)[verifier] {
            throw .invalidArgument(
                argument: "verifier", value: Self.shown(JSONText.text(of: verifier)), remedy: fault.description)
        }
    }

    /// What was refused, as far as anybody wants to read it again.
    private static func shown(_ text: String) -> String {
        text.utf8.count <= shownBytes ? text : "\(text.prefix(shownBytes))..."
    }
}
