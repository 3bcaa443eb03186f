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
        InterruptNotice.set("\ninterrupted; nothing was queued: the same command submits the file from the start\n")
        let parameters = BeginBatch.Parameters(
            queue: queue, fileName: path == "-" ? nil : FileName(path).description,
            priority: try invocation.integer("priority"),
            timeLimitMilliseconds: try invocation.timeLimit(), afterOK: try invocation.jobs("after-ok"),
            afterAny: try invocation.jobs("after-any"))
        try invocation.parse { () throws(ControlError) in try parameters.validate() }
        var file = try InputFile(path: path, console: invocation.console)
        let session = try Session(invocation)
        let batch = try await session.call(BeginBatch.self, parameters).batch
        let digest: String
        do throws(CommandError) { digest = try await sendLines(of: &file, to: batch, session) } catch {
            await abandon(batch, session)
            throw error
        }
        let committed = try await commit(batch, digest, session)
        let waits = invocation.isSet("wait")
        report(committed, waits: waits)
        guard waits else { return .ok }
        let wait = JobWait(invocation: invocation, target: .batch(committed.batch), printsJSON: false)
        guard let end = try await wait.run() else { return .jobFailed }
        if invocation.isForMachines {
            let waited = WaitedSubmission(
                batch: committed.batch, jobCount: committed.jobCount, duplicate: committed.duplicate,
                counts: end.counts, faultCode: end.faultCode)
            invocation.writeObject(waited)
        }
        return JobWait.exitCode(of: end)
    }

    /// Queues the lines that were sent. Whoever cuts this short cannot know whether they were queued.
    private func commit(
        _ batch: BatchID, _ digest: String, _ session: Session
    ) async throws(CommandError) -> CommitBatch.Reply {
        let allowsDuplicate = invocation.isSet("allow-duplicate")
        let advice =
            "it may have been queued; "
            + (allowsDuplicate
                ? "`londictl batch list --queue \(queue)` shows whether it was\n"
                : "submitting the same file again is safe\n")
        InterruptNotice.set("\ninterrupted; \(advice)")
        let reply: CommitBatch.Reply
        do throws(CommandError) {
            reply = try await session.call(
                CommitBatch.self, .init(batch: batch, sha256: digest, allowDuplicate: allowsDuplicate))
        } catch {
            if error.exitCode == .unreachable { invocation.console.complain(advice) }
            throw error
        }
        InterruptNotice.set("\ninterrupted; batch \(reply.batch) is queued\n")
        return reply
    }

    /// The digest of all lines, each followed by a newline.
    private func sendLines(
        of file: inout InputFile, to batch: BatchID, _ session: Session
    ) async throws(CommandError) -> String {
        let console = invocation.console
        var progress = ProgressLine(path == "-" ? "stdin" : path, console)
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
            if !reply.errors.isEmpty { progress.clear() }
            for error in reply.errors.prefix(Self.errorLimit - errors) {
                console.complain("\(FileName(path)):\(error.line): \(Plain.text(error.message, keepsLines: false))\n")
            }
            errors += reply.errors.count
            accepted += reply.accepted
            if !isOver {
                progress.draw(
                    "\(file.lineNumber) lines checked", count: file.lineNumber, done: file.byteCount, of: file.size)
            }
        }
        progress.clear()
        if errors > Self.errorLimit || (errors == Self.errorLimit && !isOver) {
            console.complain("only the first \(Self.errorLimit) errors are shown\n")
        }
        guard errors == 0 else { throw .invalidLines(count: errors, isComplete: isOver) }
        guard accepted > 0 else { throw .file(path: path, reason: "it holds no batch lines") }
        return hexadecimal(digest.finish())
    }

    /// An open batch is of no use to anybody.
    private func abandon(_ batch: BatchID, _ session: Session) async {
        do throws(CommandError) { _ = try await session.call(AbandonBatch.self, .init(batch: batch)) } catch {
            // What came before is the error to tell; the daemon drops the batch with the connection.
        }
    }

    private func report(_ reply: CommitBatch.Reply, waits: Bool) {
        let console = invocation.console
        if invocation.isForMachines {
            if !waits { invocation.writeObject(reply) }
        } else if invocation.isSet("parsable") {
            console.write("\(reply.batch)\n")
        } else if reply.duplicate {
            console.write(
                "Batch \(reply.batch) holds the same lines; nothing new was queued "
                    + "(--allow-duplicate queues them again)\n"
            )
        } else {
            console.write(
                "Batch \(reply.batch): \(Phrase.count(reply.jobCount, "job")) queued in \(queue); "
                    + "`londictl wait \(reply.batch)` waits for it\n"
            )
        }
    }
}
