import Control
import Domain
import FoundationEssentials
import Glibc
import Hashing

extension Command {
    static let policyExport = Command(
        words: ["policy", "export"], summary: "Write a version of a queue's policy into a file",
        arguments: ["QUEUE", "FILE"],
        options: [CommandOption("version", "V", "this version; by default the one in force")],
        examples: ["policy export maths maths.policy", "policy export maths old.policy --version 12"]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let path = invocation.arguments[1]
        guard try !WholeFile.replaces(path) else {
            throw .file(path: path, reason: "it exists already; name another file, or remove this one")
        }
        let version = try invocation.integer("version").map(Int64.init)
        let reply = try await Session(invocation).call(ExportPolicy.self, .init(queue: queue, version: version))
        guard let data = Data(base64Encoded: reply.data), hexadecimal(SHA256.digest(of: [UInt8](data))) == reply.sha256
        else { throw .control(.malformed(what: "the policy's bytes do not have their hash \(reply.sha256)")) }
        let file = try WholeFile(path: path)
        try file.write([UInt8](data))
        try file.save()
        let summary = ExportSummary(
            file: FileName(path).description, version: reply.version, bytes: data.count, sha256: reply.sha256)
        let text =
            "\(FileName(path)): version \(reply.version) of \(queue), \(data.count) bytes, SHA-256 \(reply.sha256)"
        invocation.write(summary, orText: text + "\n")
        return .ok
    }

    static let policyImport = Command(
        words: ["policy", "import"],
        summary: "Make a policy from a file a queue's next version, in force if it proves no worse",
        arguments: ["QUEUE", "FILE"],
        options: [CommandOption("force", nil, "put it in force without a trial")],
        examples: ["policy import maths maths.policy", "policy import maths maths.policy --force"]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let path = invocation.arguments[1]
        let bytes = try contents(of: path)
        let parameters = ImportPolicy.Parameters(
            queue: queue, data: Data(bytes).base64EncodedString(), force: invocation.isSet("force"))
        let version: PolicyVersionView
        do throws(CommandError) {
            version = try await Session(invocation).call(ImportPolicy.self, parameters).version
        } catch .control(.invalidArgument(argument: "data", value: _, remedy: let complaint)) {
            throw .file(path: path, reason: complaint)
        }
        if invocation.isForMachines {
            invocation.writeObject(version)
        } else {
            let word = version.isCurrent ? "in force" : "kept, not in force"
            invocation.console.write("Version \(version.version) of \(queue): \(Phrase.verdict(version)), \(word)\n")
        }
        return version.isCurrent ? .ok : .conflict
    }
}

private struct ExportSummary: Encodable, Sendable {
    let file: String
    let version: Int64
    let bytes: Int
    let sha256: String
}

/// The most that a policy's file may have.
private let byteLimit = 6 * 1024 * 1024

private func contents(of path: String) throws(CommandError) -> [UInt8] {
    let descriptor = FileName(path).withPath { open($0, O_RDONLY | O_CLOEXEC) }
    guard descriptor >= 0 else { throw .file(path: path, reason: String(cString: strerror(errno))) }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    while true {
        let more = try InputFile.read(descriptor, path: path)
        if more.isEmpty { return bytes }
        bytes += more
        guard bytes.count <= byteLimit else {
            throw .file(path: path, reason: "it is no policy: it has more than \(byteLimit) bytes")
        }
    }
}
