import Glibc

/// A program of this machine that a command runs.
struct Program {
    /// POSIX_SPAWN_SETSID of spawn.h, which the module Glibc lacks.
    private static let newSession: Int16 = 0x80

    let path: String

    /// Runs it to its end. Its messages go to our stderr.
    /// - Returns: its exit status, 128 and more for a signal, and what it wrote to stdout.
    func run(_ arguments: [String]) throws(CommandError) -> (status: Int32, output: [UInt8]) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw failure(errno) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { close(ends[0]) }
        let child: pid_t
        do throws(CommandError) {
            child = try spawn(arguments, isDetached: false) { actions in
                posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
            }
        } catch {
            close(ends[1])
            throw error
        }
        close(ends[1])
        var output: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while case let count = read(ends[0], &piece, piece.count), count > 0 || errno == EINTR && count < 0 {
            if count > 0 { output += piece[..<count] }
        }
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        return (status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f, output)
    }

    /// Starts it in a session of its own, with its output appended to `log`, and returns its pid.
    func start(_ arguments: [String], log: String) throws(CommandError) -> pid_t {
        try spawn(arguments, isDetached: true) { actions in
            posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        }
    }

    private func spawn(
        _ arguments: [String], isDetached: Bool, _ prepare: (inout posix_spawn_file_actions_t) -> Void
    ) throws(CommandError) -> pid_t {
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        prepare(&actions)
        if isDetached { posix_spawnattr_setflags(&attributes, Self.newSession) }
        var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { FileName($0).withPath { strdup($0) } }
        words.append(nil)
        defer { for word in words { free(word) } }
        var child: pid_t = 0
        let code = posix_spawnp(&child, path, &actions, &attributes, words, environ)
        guard code == 0 else { throw failure(code) }
        return child
    }

    private func failure(_ code: Int32) -> CommandError { .file(path: path, reason: String(cString: strerror(code))) }
}
