import Foundation
import Testing

/// A directory of one test, with a name short enough for sockets in it; gone at its end with all that is in it. In memory
/// where the machine has such a file system: an fsync costs nothing there.
final class TemporaryState: Sendable {
    let directory: String

    init() throws {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/londi-XXXXXX".utf8CString)
        directory = String(cString: try #require(mkdtemp(&template), "mkdtemp failed"))
    }

    deinit { do { try FileManager.default.removeItem(atPath: directory) } catch { Issue.record("\(error)") } }
}
