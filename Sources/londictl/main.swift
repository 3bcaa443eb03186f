import Glibc

InterruptNotice.install()
let status = await CommandLineTool.run(
    arguments: Array(CommandLine.arguments.dropFirst()), environment: Console.environment(), console: .standard())
exit(status.rawValue)
