import Control
import Domain
import Hashing

/// Sends a file's lines to the daemon in chunks, and queues them all or none.
struct FileSubmission {
    /// The most lines and bytes of one message, and the most errors that are shown.
    private static let chunkLines = 1000
    private static let chunkBytes = 1024 * 1024
    private static let errorLimit = 20

    let invocation: Invocation
    let queue: QueueName
    let path: String

    /// The exit code of the submission, or of the jobs with `--wait`.
    func run() async throws(CommandError) -> ExitCode {
        InterruptNotice.set("\ninterrupted; nothing was queued: submit the file again\n")
        let priority = try invocation.integer("priority")
        var file = try InputFile(path: path, console: invocation.console)
        let session = try Session(invocation)
        let batch = try await session.call(
            BeginBatch.self,
            .init(queue: queue, fileName: path == "-" ? nil : path, priority: priority)
        ).batch
        let committed: CommitBatch.Reply
        do throws(CommandError) {
            let digest = try await sendLines(of: &file, to: batch, session)
            committed = try await session.call(
                CommitBatch.self,
                .init(batch: batch, sha256: digest, allowDuplicate: invocation.isSet("allow-duplicate")))
        } catch {
            try await abandon(batch, session, after: error)
            throw error
        }
        report(committed)
        guard invocation.isSet("wait") else { return .ok }
        let end = try await JobWait(invocation: invocation, target: .batch(committed.batch)).run()
        return end.map(JobWait.exitCode) ?? .jobFailed
    }

    /// The digest of all lines, each followed by a newline.
    private func sendLines(
        of file: inout InputFile, to batch: BatchID, _ session: Session
    ) async throws(CommandError) -> String {
        let console = invocation.console
        let digest = SHA256()
        var errors = 0
        var accepted = 0
        var isOver = false
        while !isOver, errors < Self.errorLimit {
            var lines: [String] = []
            var bytes = 0
            let firstLine = file.lineNumber + 1
            while lines.count < Self.chunkLines, bytes < Self.chunkBytes {
                guard let line = try file.next() else {
                    isOver = true
                    break
                }
                digest.update(line)
                digest.update("\n")
                bytes += line.utf8.count
                lines.append(line)
            }
            if lines.isEmpty { break }
            let reply = try await session.call(
                AppendLines.self, .init(batch: batch, firstLine: firstLine, lines: lines))
            for error in reply.errors.prefix(Self.errorLimit - errors) {
                console.complain("\(path):\(error.line): \(Plain.text(error.message, keepsLines: false))\n")
            }
            errors += reply.errors.count
            accepted += reply.accepted
            if console.drawsProgress, !isOver { console.complain("\r\(file.lineNumber) lines checked\u{1b}[K") }
        }
        if console.drawsProgress, file.lineNumber > Self.chunkLines { console.complain("\r\u{1b}[K") }
        if errors > Self.errorLimit || (errors == Self.errorLimit && !isOver) {
            console.complain("only the first \(Self.errorLimit) errors are shown\n")
        }
        guard errors == 0 else { throw .invalidLines(count: errors) }
        guard accepted > 0 else { throw .file(path: path, reason: "it holds no batch lines") }
        return hexadecimal(digest.finish())
    }

    /// An open batch is of no use to anybody; where the daemon is gone it forgets it by itself.
    private func abandon(_ batch: BatchID, _ session: Session, after error: CommandError) async throws(CommandError) {
        if error.exitCode == .unreachable { return }
        _ = try await session.call(AbandonBatch.self, .init(batch: batch))
    }

    private func report(_ reply: CommitBatch.Reply) {
        let console = invocation.console
        if invocation.isSet("json") || invocation.isSet("jsonl") {
            console.write(JSONText.text(of: reply) + "\n")
        } else if invocation.isSet("parsable") {
            console.write("\(reply.batch)\n")
        } else if reply.duplicate {
            console.write(
                "Batch \(reply.batch) holds the same lines; nothing new was queued "
                    + "(--allow-duplicate queues them again)\n"
            )
        } else {
            let jobs = reply.jobCount == 1 ? "1 job" : "\(reply.jobCount) jobs"
            console.write(
                "Batch \(reply.batch): \(jobs) queued in \(queue); `londictl wait \(reply.batch)` waits for it\n")
        }
    }
}
