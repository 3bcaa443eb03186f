import Domain
import Generation
import Glibc

/// A configuration for two models on this machine.
struct Proposal {
    let quick: String
    let deepthink: String
    /// llama-server; nil: the one on PATH.
    let program: String?
    let environment: [String: String]

    /// Slots and context, the roomiest first.
    private static let sizes: [(slots: Int, context: Int)] = [(4, 4096), (2, 4096), (1, 4096), (1, 2048)]

    /// Prints the configuration, and ends with 0; with 78 where one cannot be.
    func run() async -> Int32 {
        do {
            print(try await text(), terminator: "")
            return 0
        } catch {
            var message = "\(error)\n"
            message.withUTF8 { bytes in _ = write(2, bytes.baseAddress, bytes.count) }
            return Launch.configurationStatus
        }
    }

    private func engine(_ model: String, slots: Int = 1, context: Int = 4096) -> LocalEngine {
        LocalEngine(
            executable: program ?? "llama-server", searchPath: environment["PATH"] ?? "", modelPath: model,
            context: context, slots: slots, environment: environment.filter { LondiDaemon.isForDrivers($0.key) },
            socketPath: "")
    }

    private func text() async throws(GenerationError) -> String {
        for path in [quick, deepthink] where path.utf8.contains(where: { $0 < 0x20 }) || path.ends(with: "\\") {
            throw .modelMissing(path: path, reason: "no line of londid.conf can have such a name")
        }
        let server = try EngineCheck(engine(quick)).program()
        var hashes: [String] = []
        for path in [quick, deepthink] { hashes.append(try await EngineCheck(engine(path)).model().sha256) }
        let devices = try await EngineCheck(engine(quick)).devices()
        let (slots, context) = try size(on: devices)
        let cores = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        // Both servers run at once; on a GPU llama-server's own choice does.
        let threads = devices.isEmpty ? "Threads=\(max(1, cores / 2))\n" : ""
        let machine =
            devices.isEmpty
            ? "no GPU"
            : devices.map { "\($0.name) \($0.description), \($0.freeBytes >> 20) MiB free" }.joined(separator: "; ")
        let memory = availableHostMemory().map { "\($0 >> 20) MiB of memory free" } ?? "unknown memory"
        func section(_ name: String, _ path: String, _ hash: String) -> String {
            "\n[\(name)]\nModel=\(path)\nSha256=\(hash)\nContext=\(context)\nSlots=\(slots)\n\(threads)"
        }
        return "# Proposed for \(cores) cores, \(memory), \(machine). londid.conf(5) has every setting.\n"
            + "[Daemon]\nLlamaServer=\(server)\n" + section("Quick", quick, hashes[0])
            + section("Deepthink", deepthink, hashes[1])
    }

    /// The roomiest size in which both models fit into the memory that is free.
    private func size(on devices: [Device]) throws(GenerationError) -> (slots: Int, context: Int) {
        let free = devices.map(\.freeBytes).reduce(0, +)
        let freeHost = availableHostMemory() ?? Int64.max
        // More slots than cores would only share them.
        let cores = Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let sizes = devices.isEmpty ? Self.sizes.filter { $0.slots <= max(1, cores) } : Self.sizes
        var needs: [MemoryNeed] = []
        var lacksHost = true
        for size in sizes {
            func memory(_ model: String) throws(GenerationError) -> (deviceBytes: Int64, hostBytes: Int64) {
                try EngineCheck(engine(model, slots: size.slots, context: size.context)).memory(on: devices)
            }
            let (first, second) = (try memory(quick), try memory(deepthink))
            let fitsDevice = first.deviceBytes + second.deviceBytes <= free
            if fitsDevice, first.hostBytes + second.hostBytes <= freeHost { return size }
            needs = [
                MemoryNeed(role: .quick, bytes: fitsDevice ? first.hostBytes : first.deviceBytes),
                MemoryNeed(role: .deepthink, bytes: fitsDevice ? second.hostBytes : second.deviceBytes),
            ]
            lacksHost = fitsDevice
        }
        throw .outOfMemory(
            needs: needs, freeBytes: lacksHost ? freeHost : free,
            place: lacksHost ? "the machine" : devices.map(\.name).joined(separator: ", "))
    }
}
