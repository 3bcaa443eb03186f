import Control
import Domain
import Glibc

extension Command {
    static let logs = Command(
        words: ["logs"], summary: "Show londid's log from the journal, all of it or what is about one job",
        arguments: ["[JOB]"],
        options: [
            CommandOption("follow", short: "f", nil, "go on with what comes"),
            CommandOption("lines", "N", "the last so many; 100 by default"),
        ],
        examples: ["logs --follow", "logs 42"], output: .text
    ) { invocation async throws(CommandError) in
        let job: JobID? = if let text = invocation.arguments.first { try invocation.job(text) } else { nil }
        let lines = try invocation.integer("lines") ?? 100
        guard lines >= 1 else { throw .usage("--lines cannot be '\(lines)': use a whole number from 1") }
        let isSystem = try Session.path(invocation) == Session.systemPath
        let words = journalWords(
            ofSystem: isSystem, job: job, lines: lines, isFollowing: invocation.isSet("follow"))
        var arguments = words.map { strdup($0) }
        arguments.append(nil)
        execvp(words[0], arguments)
        throw .file(
            path: words[0],
            reason: "\(String(cString: strerror(errno))); a londid without systemd writes its log to its stderr")
    }

    /// The journal has what the unit of the system's or of the user's londid says, and its entries' fields.
    static func journalWords(ofSystem isSystem: Bool, job: JobID?, lines: Int, isFollowing: Bool) -> [String] {
        var words = ["journalctl"]
        if !isSystem { words.append("--user") }
        words += ["--unit=londid", "--lines=\(lines)"]
        if isFollowing { words.append("--follow") }
        if let job { words.append("LONDI_JOB_ID=\(job)") }
        return words
    }
}
