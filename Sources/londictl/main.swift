import Glibc

InterruptNotice.install()
let environment = Console.environment()
let status = await CommandLineTool.run(
    arguments: ArgumentVector.words, environment: environment, console: .standard(environment))
exit(Console.close() ? status.rawValue : ExitCode.error.rawValue)
