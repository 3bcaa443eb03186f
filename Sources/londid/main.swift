import Daemon
import Glibc

var environment: [String: String] = [:]
var entry = environ
while let variable = entry.pointee {
    let text = String(cString: variable)
    let parts = text.utf8.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
    environment[String(Substring(parts[0]))] = parts.count == 2 ? String(Substring(parts[1])) : ""
    entry += 1
}
Launch.run(arguments: LaunchArguments.words, environment: environment)
