import Daemon
import Glibc
import SQLite

/// The machine, as far as it decides how fast anything here can be.
struct Machine {
    let described: [(name: String, value: String)]

    init() throws {
        var name = utsname()
        uname(&name)
        let processors = try wholeFile("/proc/cpuinfo").split(separator: "\n")
        let model = processors.first { $0.hasPrefix("model name") }?.split(separator: ":").last.map(trimmed)
        let memory = try wholeFile("/proc/meminfo").split(separator: "\n").first?.split(separator: " ")
        let kibibytes = memory.flatMap { $0.count > 1 ? Int($0[1]) : nil } ?? 0
        let connection = try Connection(path: ":memory:", mode: .readWriteCreate)
        let version = try connection.statement("SELECT sqlite_version() AS version")
        _ = try version.step()
        guard case .text(let sqlite) = version.value("version") else { preconditionFailure("a version is a text") }
        version.reset()
        described = [
            ("cpu", model ?? "unknown"), ("cores", "\(sysconf(Int32(_SC_NPROCESSORS_ONLN)))"),
            ("memory", "\(kibibytes / 1024) MiB"), ("kernel", text(of: &name.release)), ("sqlite", sqlite),
        ]
    }
}

/// A directory's file system, and what a durable write costs there.
struct Place {
    let described: [(name: String, value: String)]

    init(_ directory: String) throws {
        guard let resolved = realpath(directory, nil) else {
            throw BenchError(description: "there is no directory \(directory)")
        }
        defer { free(resolved) }
        let path = String(cString: resolved)
        var mount: [Substring] = []
        for line in try wholeFile("/proc/self/mounts").split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count > 3, path == fields[1] || path.hasPrefix(fields[1] == "/" ? "/" : fields[1] + "/") else {
                continue
            }
            if mount.isEmpty || fields[1].utf8.count >= mount[1].utf8.count { mount = fields }
        }
        let baseline: Distribution
        do { baseline = Distribution(try SyncedAppend.times(in: path, count: 200)) } catch {
            throw BenchError(description: error.description)
        }
        described = [
            ("directory", path),
            ("file system", mount.isEmpty ? "unknown" : "\(mount[2]) on \(mount[1]) (\(mount[3]))"),
            (
                "fdatasync of 4 KiB appended, 200 times",
                "p50 \(microseconds(baseline.at(0.5))) us, p99 \(microseconds(baseline.at(0.99))) us"
            ),
        ]
    }
}

/// Measured times, in order.
struct Distribution {
    private let sorted: [Duration]

    /// - Precondition: at least one (traps).
    init(_ times: [Duration]) {
        precondition(!times.isEmpty, "nothing was measured")
        sorted = times.sorted()
    }

    /// The time that a share of all does not exceed.
    func at(_ share: Double) -> Duration {
        sorted[min(sorted.count - 1, max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
    }
}

/// The processor time of the calling thread: what a busy machine or a slow disk does not change.
func threadTime() -> Duration {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return .seconds(time.tv_sec) + .nanoseconds(time.tv_nsec)
}

func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }
func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }
func microseconds(_ duration: Duration) -> Int { Int(duration / .microseconds(1)) }

/// A file of the kernel's, or another small one.
func wholeFile(_ path: String) throws(BenchError) -> String {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw BenchError(description: "\(path): \(String(cString: strerror(errno)))") }
    defer { close(file) }
    var content: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while case let count = read(file, &piece, piece.count), count > 0 { content += piece[..<count] }
    return String(decoding: content, as: UTF8.self)
}

private func trimmed(_ text: Substring) -> String { String(text.drop { $0 == " " }) }

/// The text of one of `utsname`'s arrays of characters.
private func text<Characters>(of characters: inout Characters) -> String {
    withUnsafeBytes(of: &characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}
