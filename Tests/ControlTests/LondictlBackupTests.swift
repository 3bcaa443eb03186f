import Control
import Foundation
import Hashing
import Synchronization
import Testing

@testable import londictl

/// A backup that looks like one and is none is worse than none.
@Suite(.timeLimit(.minutes(5))) struct LondictlBackups {
    private let content = Data((0..<1000).map { UInt8(truncatingIfNeeded: $0 * 7) })

    /// The content in three pieces, with the digest that londid gives in the last one.
    private func replies(sha256: String?) -> [Backup.Reply] {
        [content[..<400], content[400..<999], content[999...]].enumerated().map { index, piece in
            Backup.Reply(
                total: content.count, data: Data(piece).base64EncodedString(), sha256: index == 2 ? sha256 : nil)
        }
    }

    private var digest: String {
        let hash = SHA256()
        content.withUnsafeBytes { hash.update($0) }
        return hexadecimal(hash.finish())
    }

    /// What `backup` printed and left in its directory.
    private struct Result {
        var printed: Printed
        var path: String
        /// The files by name, with their permissions.
        var files: [String: Int] = [:]
        var content: Data?
    }

    /// Runs `backup` against a londid that answers so, in a directory of its own that has `old` already, if any.
    private func run(_ replies: [Backup.Reply], old: Data? = nil) async throws -> Result {
        let directory = FileManager.default.temporaryDirectory.appending(path: "londi-backup-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(at: directory) } catch { Issue.record("\(error)") } }
        let target = directory.appending(path: "copy")
        try old?.write(to: target)
        let daemon = StubDaemon()
        daemon.state.withLock { $0.backup = replies }
        let printed = try await withServer(daemon.table) { path in
            await Printed.by(["backup", target.path], path: path)
        }
        var result = Result(
            printed: printed, path: target.path, content: FileManager.default.contents(atPath: target.path))
        for name in try FileManager.default.contentsOfDirectory(atPath: directory.path) {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.appending(path: name).path)
            result.files[name] = try #require(attributes[.posixPermissions] as? Int)
        }
        return result
    }

    @Test func `a backup has all pieces in order, is its owner's alone, and leaves nothing beside it`() async throws {
        let result = try await run(replies(sha256: digest))
        #expect(result.printed.exit == .ok, "\(result.printed.messages)")
        #expect(result.printed.output == "\(result.path): 1000 bytes, SHA-256 \(digest)\n")
        #expect(result.content == content)
        #expect(result.files == ["copy": 0o600])
    }

    @Test(arguments: [String(repeating: "0", count: 64), nil])
    func `a backup with another digest than londid's, or none, is not kept`(told: String?) async throws {
        let result = try await run(replies(sha256: told))
        #expect(result.printed.exit == .error)
        let complaint = "the backup has SHA-256 \(digest), londid said \(told ?? "nothing")"
        #expect(result.printed.messages.contains(complaint), "\(result.printed.messages)")
        #expect(result.files.isEmpty)
    }

    @Test func `a londid without room for its copy ends the backup with 8 and leaves nothing`() async throws {
        let result = try await run([])
        #expect(result.printed.exit == .storage)
        #expect(result.files.isEmpty)
    }

    @Test func `a file that is there already is not touched`() async throws {
        let old = Data("last week's".utf8)
        let result = try await run(replies(sha256: digest), old: old)
        #expect(result.printed.exit == .error)
        #expect(result.printed.messages.contains("it exists already; name another file, or remove this one"))
        #expect(result.content == old)
        #expect(result.files.count == 1)
    }
}
