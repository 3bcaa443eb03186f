import Daemon
import Glibc

var environment: [String: String] = [:]
var entry = environ
while let variable = entry.pointee {
    let text = String(cString: variable)
    let name = text.prefix { $0 != "=" }
    environment[String(name)] = String(text.dropFirst(name.count + 1))
    entry += 1
}
Launch.run(arguments: Array(CommandLine.arguments.dropFirst()), environment: environment)
