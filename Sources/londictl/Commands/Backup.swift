import Control
import FoundationEssentials
import Glibc
import Hashing

extension Command {
    static let backup = Command(
        words: ["backup"], summary: "Copy the whole state into a file while londid goes on",
        arguments: ["FILE"], examples: ["backup londi-2026-11-24.sqlite"]
    ) { invocation async throws(CommandError) in
        let path = invocation.arguments[0]
        guard try !WholeFile.replaces(path) else {
            throw .file(path: path, reason: "it exists already; name another file, or remove this one")
        }
        InterruptNotice.set(
            "\ninterrupted; there is no \(FileName(path)) yet: the same command makes it from the start\n"
        )
        let session = try Session(invocation)
        let file = try WholeFile(path: path, mode: 0o600)
        let summary = try await copy(session, into: file, path: path, invocation.console)
        try file.save()
        if invocation.isForMachines {
            invocation.writeObject(summary)
        } else {
            invocation.console.write("\(FileName(path)): \(summary.bytes) bytes, SHA-256 \(summary.sha256)\n")
        }
        return .ok
    }
}

private struct BackupSummary: Encodable, Sendable {
    let file: String
    let bytes: Int
    let sha256: String
}

/// Writes every piece, and compares the digest of them with the one that londid says.
private func copy(
    _ session: Session, into file: WholeFile, path: String, _ console: Console
) async throws(CommandError) -> BackupSummary {
    let hash = SHA256()
    var byteCount = 0
    var progress = ProgressLine(path, console)
    var told: String?
    try await session.stream(Backup.self, .init()) { reply throws(CommandError) in
        guard let data = Data(base64Encoded: reply.data) else {
            throw .control(.malformed(what: "a piece of the backup is not base64"))
        }
        let bytes = [UInt8](data)
        bytes.withUnsafeBytes { hash.update($0) }
        try file.write(bytes)
        byteCount += bytes.count
        progress.draw(
            "\(Phrase.bytes(byteCount)) of \(Phrase.bytes(reply.total))", count: byteCount / 1_000_000, done: byteCount,
            of: reply.total)
        told = reply.sha256
    }
    progress.clear()
    let digest = hexadecimal(hash.finish())
    guard digest == told else {
        throw .control(.malformed(what: "the backup has SHA-256 \(digest), londid said \(told ?? "nothing")"))
    }
    return BackupSummary(file: FileName(path).description, bytes: byteCount, sha256: digest)
}
