import Foundation
import Testing

/// A directory of one test, with a name short enough for sockets in it; gone at its end with all that is in it.
final class TemporaryState: Sendable {
    let directory: String

    init() throws {
        var template = Array("/tmp/londi-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template), "mkdtemp failed"))
    }

    deinit { do { try FileManager.default.removeItem(atPath: directory) } catch { Issue.record("\(error)") } }
}
