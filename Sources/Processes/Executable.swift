import Glibc

/// Finds a program: a name with a slash is taken as a path, any other is looked up in `searchPath`, the directories of
/// a PATH variable, separated by colons.
package func findExecutable(_ name: String, searchPath: String) throws(ProcessError) -> String {
    let candidates =
        name.utf8.contains(UInt8(ascii: "/"))
        ? [name]
        : searchPath.utf8.split(separator: UInt8(ascii: ":")).filter { $0.first == UInt8(ascii: "/") }
            .map { "\(Substring($0))/\(name)" }
    var refusal: ProcessError?
    for candidate in candidates {
        var status = stat()
        guard stat(candidate, &status) == 0 else { continue }
        if status.st_mode & S_IFMT != S_IFREG {
            refusal = refusal ?? .notExecutable(path: candidate, reason: "it is no regular file")
        } else if access(candidate, X_OK) != 0 {
            refusal = refusal ?? .notExecutable(path: candidate, reason: "no permission")
        } else {
            return candidate
        }
    }
    throw refusal ?? .notFound(path: name)
}
