import Control
import Domain
import Generation
import Glibc
import Storage

/// What can be looked at without starting londid: it makes, migrates and locks nothing of the state.
struct Diagnosis {
    let path: String
    let places: ConfigurationLoader.Places
    let isUserMode: Bool
    let environment: [String: String]

    private static let magic = Array("SQLite format 3".utf8) + [0]

    /// Prints the findings as the JSON of `Diagnose.Reply`, and ends with 0. What it is at is said on stderr.
    func run() async -> Int32 {
        do {
            print(String(decoding: try JSONText.encode(Diagnose.Reply(findings: await findings())), as: UTF8.self))
            return 0
        } catch {
            Self.say("\(error)")
            return 1
        }
    }

    private func findings() async -> [Finding] {
        var findings = [Finding("version", .ok, "londid is \(LondiDaemon.version)")]
        let configuration: Configuration
        do { configuration = try ConfigurationLoader.load(path: path, places: places) } catch {
            return findings
                + error.problems.map {
                    Finding(
                        "configuration", .problem, "\($0)",
                        remedy: "correct it, or write a new one with londictl quickstart; without it nothing else can"
                            + " be looked at")
                }
        }
        findings.append(Finding("configuration", .ok, "\(path) has no mistake"))
        for role in configuration.engineRoles { findings += await engine(role, of: configuration) }
        guard access(configuration.stateDirectory, F_OK) == 0 else {
            return findings + [
                Finding("state", .ok, "there is no \(configuration.stateDirectory) yet; londid makes it")
            ]
        }
        findings.append(await state(in: configuration.stateDirectory))
        return findings + MachineCheck(configuration: configuration, isUserMode: isUserMode).findings
    }

    private func engine(_ role: EngineRole, of configuration: Configuration) async -> [Finding] {
        let engine = configuration.engine(role)
        let name = role.rawValue
        guard let model = engine.model else {
            return [Finding(name, .ok, "its server at \(engine.url ?? "") is looked at when londid runs")]
        }
        let check = EngineCheck(
            LocalEngine(
                isEncoder: role == .encoder, executable: configuration.serverProgram ?? "llama-server",
                searchPath: environment["PATH"] ?? "",
                modelPath: model, sha256: engine.sha256, context: engine.context,
                environment: environment.filter { LondiDaemon.isForDrivers($0.key) }, socketPath: ""))
        var findings: [Finding] = []
        do {
            let version = try await check.version()
            findings.append(Finding(name, .ok, "its server is \(try check.program()), version \(version)"))
        } catch {
            findings.append(
                Finding(name, .problem, "\(error)", remedy: "install llama.cpp, or set LlamaServer= in londid.conf"))
        }
        Self.say("\(name): reading \(model)")
        do {
            let read = try await check.model()
            if let complaint = read.complaint {
                findings.append(
                    Finding(name, .warning, complaint, remedy: "set Context= to what the model was made for"))
            }
            let size = "\(model) is whole, \(read.sizeBytes >> 20) MiB"
            findings.append(
                engine.sha256 == nil
                    ? Finding(
                        name, .warning, "\(size), and has no hash to be checked against",
                        remedy: "set Sha256=\(read.sha256) in londid.conf, if that is what its publisher says")
                    : Finding(name, .ok, "\(size), and has the hash of Sha256="))
        } catch {
            findings.append(
                Finding(name, .problem, "\(error)", remedy: "do what it says; londid does not start with it"))
        }
        return findings
    }

    /// From the file's header alone where there is a write-ahead log: opening the database would write beside it.
    private func state(in directory: String) async -> Finding {
        let path = "\(directory)/state.sqlite"
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return Finding("state", .ok, "there is no \(path) yet; londid makes it") }
            return Finding(
                "state", .problem, "\(path): \(String(cString: strerror(errno)))",
                remedy: "run it as londid's user, or give the file back to that user")
        }
        defer { close(file) }
        var header = [UInt8](repeating: 0, count: 100)
        let count = read(file, &header, header.count)
        // An empty file is a database without tables.
        guard count == 0 || count == header.count && Array(header[..<16]) == Self.magic else {
            return Finding(
                "state", .problem, "\(path) is damaged: it does not begin as a SQLite database",
                remedy: "keep it, and restore a backup with londid --restore FILE")
        }
        guard count > 0, DiskCheck.size(of: "\(path)-wal") == 0 else {
            return Finding("state", .ok, "\(path) begins as a database should; londid checks the rest when it starts")
        }
        let latest: DayKey?
        do {
            if let missing = try await StateGlance.missing(in: directory) {
                return Finding(
                    "state", .problem, "\(path) is older than what was noted beside it: \(missing)",
                    remedy: "put the newer one back with its log, or restore a backup; londid --accept-state goes on"
                        + " with this one")
            }
            latest = try await StateGlance.latestDay(in: path)
        } catch {
            return Finding(
                "state", .problem, "\(error)", remedy: "keep it, and restore a backup with londictl restore FILE")
        }
        // Nowhere is it a day later than this.
        let tomorrow = DayKey(daysSinceEpoch: WallClock().now().milliseconds / 86_400_000 + 1)
        guard let latest, latest > tomorrow else {
            return Finding("state", .ok, "\(path) can be read, and no queue is ahead of the clock")
        }
        return Finding(
            "state", .warning, "a queue is on \(latest), which the clock has not reached",
            remedy: "set the clock right, start londid, then londictl budget set-day QUEUE; else the queue's next day"
                + " begins when the clock is over \(latest)")
    }

    private static func say(_ text: String) {
        var line = text + "\n"
        line.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
    }
}
