import Domain
import Glibc

/// Lets an engine start only where the memory suffices for every role that is still to start, so that they are
/// refused as a whole before anything is loaded. One for all engines of the machine.
package actor MemoryGate {
    private enum Standing {
        case away
        /// Not running yet, but its memory was found free together with another role's.
        case promised
        /// An unknown part of its memory is taken already.
        case loading
        case loaded
    }

    private let engines: [EngineRole: LocalEngine]
    private let availableHostBytes: @Sendable () -> Int64?
    private var standings: [EngineRole: Standing] = [:]

    /// - Parameter availableHostBytes: what the machine has left for new programs; nil: unknown, no check.
    package init(
        engines: [EngineConfiguration], availableHostBytes: @escaping @Sendable () -> Int64? = { availableHostMemory() }
    ) {
        var local: [EngineRole: LocalEngine] = [:]
        for engine in engines {
            if case .local(let ours) = engine.source { local[engine.role] = ours }
        }
        self.engines = local
        self.availableHostBytes = availableHostBytes
    }

    /// Takes the role's memory, or throws `outOfMemory`. `devices` as just listed.
    func admit(_ role: EngineRole, devices: [Device]) throws(GenerationError) {
        guard standings[role] != .promised else {
            standings[role] = .loading
            return
        }
        // What is loaded already is missing from the free memory; what is loading is partly missing, and counted whole.
        // A model that is spread over other machines is counted on those, when it starts itself.
        let counted = EngineRole.allCases.filter {
            $0 == role || standings[$0] != .loaded && !isSpread(role) && !isSpread($0)
        }
        var needs: [EngineRole: EngineMemory] = [:]
        for other in counted {
            guard let engine = engines[other] else { continue }
            do {
                needs[other] = try EngineMemory(engine, devices: devices)
            } catch  where other != role {
                // A model that cannot be read is reported by its own engine, and admitted when it can be.
                continue
            }
        }
        let names = devices.map(\.name).joined(separator: ", ")
        try check(needs, { $0.deviceBytes }, free: devices.map(\.freeBytes).reduce(0, +), names)
        if let free = availableHostBytes() { try check(needs, { $0.hostBytes }, free: free, "the machine") }
        standings[role] = .loading
        for other in needs.keys where other != role && standings[other, default: .away] == .away {
            standings[other] = .promised
        }
    }

    private func isSpread(_ role: EngineRole) -> Bool { engines[role]?.rpcServers.isEmpty == false }

    func loaded(_ role: EngineRole) { standings[role] = .loaded }

    func ended(_ role: EngineRole) { standings[role] = .away }

    private func check(
        _ memory: [EngineRole: EngineMemory], _ amount: (EngineMemory) -> Int64, free: Int64, _ place: String
    ) throws(GenerationError) {
        let needs = EngineRole.allCases.compactMap { role in
            memory[role].map { MemoryNeed(role: role, bytes: amount($0)) }
        }.filter { $0.bytes > 0 }
        guard needs.map(\.bytes).reduce(0, +) > free else { return }
        throw .outOfMemory(needs: needs, freeBytes: free, place: place)
    }
}

/// An estimate of what one engine takes, in bytes.
struct EngineMemory: Equatable, Sendable {
    let deviceBytes: Int64
    let hostBytes: Int64

    /// A process with its tokenizer and buffers; a device's context.
    private static let hostOverheadBytes: Int64 = 64 << 20
    private static let deviceOverheadBytes: Int64 = 512 << 20

    /// Reads the model's header.
    init(_ engine: LocalEngine, devices: [Device]) throws(GenerationError) {
        let measure = try ModelMeasure(path: engine.modelPath)
        self.init(
            measure, context: engine.context, slots: engine.slots, physicalBatch: engine.physicalBatch,
            offloadedLayers: devices.isEmpty ? 0 : engine.gpuLayers ?? Int.max)
    }

    /// Weights, key-value cache and activations, divided between device and host as the layers are.
    /// - Parameter offloadedLayers: 0 for the CPU; the output layer counts as one more than the model has.
    init(_ model: ModelMeasure, context: Int, slots: Int, physicalBatch: Int, offloadedLayers: Int) {
        let cache = model.shape.cacheBytesPerToken * Int64(context) * Int64(slots)
        let activations = Int64(physicalBatch) * model.shape.embedding * 64
        let whole = model.sizeBytes + cache + activations
        let share = min(1, Double(offloadedLayers) / Double(model.shape.layers + 1))
        let device = Int64((Double(whole) * share).rounded(.up))
        deviceBytes = offloadedLayers == 0 ? 0 : device + Self.deviceOverheadBytes
        hostBytes = whole - device + Self.hostOverheadBytes
    }
}

/// MemAvailable of /proc/meminfo in bytes; nil where the kernel does not say.
package func availableHostMemory() -> Int64? {
    guard let file = fopen("/proc/meminfo", "re") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard text.begins(with: "MemAvailable:") else { continue }
        return text.parts(at: " ").dropFirst().first.flatMap { Int64($0) }.map { $0 << 10 }
    }
    return nil
}
