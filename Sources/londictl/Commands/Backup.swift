import Control
import FoundationEssentials
import Glibc
import Hashing

extension Command {
    static let backup = Command(
        words: ["backup"], summary: "Copy the whole state into a file while londid goes on",
        arguments: ["FILE"], examples: ["backup londi-2026-11-24.sqlite"]
    ) { invocation async throws(CommandError) in
        var target = try BackupTarget(path: invocation.arguments[0])
        var told: String?
        try await Session(invocation).stream(Backup.self, .init()) { reply throws(CommandError) in
            guard let bytes = Data(base64Encoded: reply.data) else {
                throw .control(.malformed(what: "a piece of the backup is not base64"))
            }
            try target.append(bytes)
            if invocation.console.drawsProgress {
                invocation.console.complain("\r\(target.byteCount) of \(reply.total) bytes")
            }
            told = reply.sha256
        }
        if invocation.console.drawsProgress { invocation.console.complain("\n") }
        let sha256 = try target.finish(expecting: told)
        if invocation.isForMachines {
            invocation.console.write(
                JSONText.text(of: BackupSummary(file: target.path, bytes: target.byteCount, sha256: sha256)) + "\n")
        } else {
            invocation.console.write("\(target.path): \(target.byteCount) bytes, SHA-256 \(sha256)\n")
        }
        return .ok
    }
}

private struct BackupSummary: Encodable, Sendable {
    let file: String
    let bytes: Int
    let sha256: String
}

/// The file that a backup goes to: FILE.partial until it is complete and on the disk.
private struct BackupTarget {
    let path: String
    private(set) var byteCount = 0
    private let descriptor: Int32
    private let hash = SHA256()
    private var partial: String { path + ".partial" }

    init(path: String) throws(CommandError) {
        guard access(path, F_OK) != 0 else {
            throw .file(path: path, reason: "it exists already; name another file, or remove this one")
        }
        self.path = path
        descriptor = open(path + ".partial", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .file(path: path + ".partial", reason: String(cString: strerror(errno))) }
    }

    mutating func append(_ bytes: Data) throws(CommandError) {
        let bytes = [UInt8](bytes)
        bytes.withUnsafeBytes { hash.update($0) }
        var written = 0
        while written < bytes.count {
            let result = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if result < 0, errno == EINTR { continue }
            guard result > 0 else { throw failure() }
            written += result
        }
        byteCount += bytes.count
    }

    /// The digest, once the file has its name.
    func finish(expecting told: String?) throws(CommandError) -> String {
        let digest = hexadecimal(hash.finish())
        guard digest == told else {
            throw .control(.malformed(what: "the backup has SHA-256 \(digest), londid said \(told ?? "nothing")"))
        }
        guard fsync(descriptor) == 0, close(descriptor) == 0, rename(partial, path) == 0 else { throw failure() }
        let end = path.lastIndex(of: "/")
        let directory = open(end.map { String(path[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
        guard directory >= 0, fsync(directory) == 0, close(directory) == 0 else { throw failure() }
        return digest
    }

    private func failure() -> CommandError { .file(path: partial, reason: String(cString: strerror(errno))) }
}
