import Control

/// londictl from its command line to its exit code.
enum CommandLineTool {
    static let version = "0.1.0"

    static func run(
        arguments: [String], environment: [String: String], console: Console
    ) async -> ExitCode {
        do throws(CommandError) {
            let parsed = try CommandParser.parse(
                arguments, table: CommandTable.all, environment: environment, console: console)
            switch parsed {
            case .run(let invocation):
                do throws(CommandError) { return try await invocation.command.run(invocation) } catch {
                    guard case .control(let cause) = error else { throw error }
                    throw .control(cause.naming(optionsOf: invocation.command))
                }
            case .help(let words):
                console.write(try HelpText.text(for: words, table: CommandTable.all))
                return .ok
            }
        } catch {
            console.complain("londictl: \(error.message)\n")
            return error.exitCode
        }
    }
}
