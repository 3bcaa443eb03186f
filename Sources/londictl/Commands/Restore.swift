extension Command {
    static let restore = Command(
        words: ["restore"], summary: "Put a backup in the place of a stopped londid's state, which is kept beside it",
        arguments: ["FILE"],
        options: [
            CommandOption("check", nil, "only say whether the backup can be restored"),
            CommandOption("config", "FILE", "of the londid whose state it is, else this user's"),
        ],
        examples: ["restore londi-2026-11-24.sqlite --check", "restore londi-2026-11-24.sqlite"], output: .text
    ) { invocation async throws(CommandError) in
        let backup = invocation.arguments[0]
        let service = LocalService(invocation.environment, isUserMode: false)
        let program = try service.program()
        let arguments: [String]
        if invocation.isSet("check") {
            arguments = ["--check-backup", backup]
        } else if service.isSystem, invocation.text("config") == nil {
            // A file that root makes would not be the service's to write.
            throw .failed(
                "the service's state belongs to its own user: systemctl stop londid, and"
                    + " runuser -u londi -- \(program) --restore \(FileName(backup))")
        } else {
            let configuration = invocation.text("config").map { ["--config", $0] } ?? []
            arguments = service.modeArguments + configuration + ["--restore", backup]
        }
        let done = try Program(path: program).run(arguments)
        invocation.console.write(String(decoding: done.output, as: UTF8.self))
        guard done.status == 0 else {
            throw .failed(
                "\(FileName(backup)) " + (invocation.isSet("check") ? "cannot be restored" : "was not restored"))
        }
        return .ok
    }
}
