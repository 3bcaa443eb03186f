import Dispatch
import Glibc
import Testing

/// A program with both its outputs in a file.
struct ChildProgram: Sendable {
    let pid: pid_t

    init(_ words: [String], output: String) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_CREAT | O_WRONLY | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        var child: pid_t = 0
        let failure = posix_spawn(&child, words[0], &actions, nil, arguments, environ)
        posix_spawn_file_actions_destroy(&actions)
        for argument in arguments { free(argument) }
        try #require(failure == 0, "\(words[0]): \(String(cString: strerror(failure)))")
        pid = child
    }

    /// - Parameters:
    ///   - words: bytes, which need not be UTF-8.
    ///   - input: its stdin; `output` its stdout; `messages` its stderr.
    ///   - environment: `NAME=value`, and nothing else.
    init(
        _ words: [[UInt8]], input: Int32 = STDIN_FILENO, output: Int32, messages: Int32, environment: [String]
    ) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)
        posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)
        posix_spawn_file_actions_adddup2(&actions, messages, STDERR_FILENO)
        func pointers(_ texts: [[UInt8]]) -> [UnsafeMutablePointer<CChar>?] {
            texts.map { text in
                strdup(text.map { CChar(bitPattern: $0) } + [0])
            }
                + [nil]
        }
        let (arguments, variables) = (pointers(words), pointers(environment.map { Array($0.utf8) }))
        var child: pid_t = 0
        let failure = posix_spawn(
            &child, String(decoding: words[0], as: UTF8.self), &actions, nil, arguments, variables)
        posix_spawn_file_actions_destroy(&actions)
        for pointer in arguments + variables { free(pointer) }
        try #require(failure == 0, "\(String(cString: strerror(failure)))")
        pid = child
    }

    /// The exit code, or 1000 and the signal that ended it; waited for off Swift's own threads.
    func end() async -> Int32 {
        let pid = pid
        return await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                var status: Int32 = 0
                waitpid(pid, &status, 0)
                continuation.resume(returning: status & 0x7f == 0 ? status >> 8 & 0xff : 1000 + status & 0x7f)
            }
        }
    }

    /// A program that this build made, beside the test program itself.
    static func built(_ name: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count)
        try #require(count > 0)
        let path = String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let slash = try #require(path.lastIndex(of: "/"))
        return "\(path[..<slash])/\(name)"
    }
}

/// A small file, whole; it is removed with its directory, which held nothing else.
func contents(of path: String) throws -> String {
    let descriptor = open(path, O_RDONLY)
    try #require(descriptor >= 0, "\(path)")
    defer {
        close(descriptor)
        unlink(path)
        rmdir(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = read(descriptor, &bytes, bytes.count)
    return String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
}
