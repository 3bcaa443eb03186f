extension Command {
    static let manual = Command(
        words: ["manual"], summary: "Print the manual page londictl(1), as man(1) reads it",
        examples: ["manual > londictl.1"], output: .text
    ) { invocation async throws(CommandError) in
        invocation.console.write(ManualPage.text(of: CommandTable.all))
        return .ok
    }
}
