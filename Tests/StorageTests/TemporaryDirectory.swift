import Glibc
import SQLite
import Storage

/// A directory of one test, in memory where the machine has such a file system: an fsync costs nothing there.
final class TemporaryDirectory {
    let path: String
    var databasePath: String { "\(path)/state.sqlite" }

    init() {
        let parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp"
        var template = Array("\(parent)/londi-storage-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("cannot make a directory in \(parent)") }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit { TemporaryDirectory.remove(path) }

    static func remove(_ path: String) {
        for name in names(in: path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    private static func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    func read(_ name: String) -> [UInt8] {
        let descriptor = open("\(path)/\(name)", O_RDONLY)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    func write(_ bytes: [UInt8], to name: String) {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        precondition(descriptor >= 0, "cannot write \(name)")
        precondition(Glibc.write(descriptor, bytes, bytes.count) == bytes.count, "cannot write \(name)")
        close(descriptor)
    }

    func setMode(_ mode: UInt32) { chmod(path, mode) }

    func mode(_ name: String = "") -> UInt32 {
        var status = stat()
        precondition(stat("\(path)/\(name)", &status) == 0, "\(name) is not there")
        return status.st_mode & 0o777
    }

    /// What a disk would hold after `kill -9` at this moment: the database and its log, without a goodbye.
    func crashImage() -> TemporaryDirectory {
        let image = TemporaryDirectory()
        for name in ["state.sqlite", "state.sqlite-wal"] { image.write(read(name), to: name) }
        return image
    }

    /// A connection past all of Storage's care.
    func rawConnection() throws -> Connection { try Connection(path: databasePath, mode: .readWrite) }
}

let currentProcessID = getpid()
