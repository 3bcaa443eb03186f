import Glibc

InterruptNotice.install()
let environment = Console.environment()
let status = await CommandLineTool.run(
    arguments: Array(CommandLine.arguments.dropFirst()), environment: environment, console: .standard(environment))
exit(status.rawValue)
