import Domain
import Glibc
import Processes
import Synchronization
import Testing

@testable import Generation

/// What decides before a server is started whether it may be.
@Suite struct ModelFileTests {
    /// A GGUF file by hand: one layer of two heads, one tensor of 64 bytes.
    static func gguf(extra: [(String, UInt32)] = []) -> [UInt8] {
        func bytes<Number: FixedWidthInteger>(_ number: Number) -> [UInt8] {
            withUnsafeBytes(of: number.littleEndian) { Array($0) }
        }
        func text(_ text: String) -> [UInt8] { bytes(UInt64(text.utf8.count)) + Array(text.utf8) }
        var file = Array("GGUF".utf8) + bytes(UInt32(3)) + bytes(UInt64(1)) + bytes(UInt64(7 + extra.count))
        file += text("general.architecture") + bytes(UInt32(8)) + text("llama")
        let numbers: [(String, UInt32)] = [
            ("llama.block_count", 1), ("llama.embedding_length", 64), ("llama.attention.head_count", 4),
            ("llama.attention.head_count_kv", 2),
        ]
        for (key, value) in numbers + extra { file += text(key) + bytes(UInt32(4)) + bytes(value) }
        file +=
            text("tokenizer.ggml.tokens") + bytes(UInt32(9)) + bytes(UInt32(8)) + bytes(UInt64(2)) + text("a")
            + text("b")
        file += text("rope.freq_base") + bytes(UInt32(6)) + bytes(Float(1).bitPattern)
        file += text("weight") + bytes(UInt32(1)) + bytes(UInt64(16)) + bytes(UInt32(0)) + bytes(UInt64(0))
        file += [UInt8](repeating: 0, count: (32 - file.count % 32) % 32)
        return file + [UInt8](repeating: 1, count: 64)
    }

    private func engine(_ path: String, sha256: String? = nil) -> LocalEngine {
        LocalEngine(modelPath: path, sha256: sha256, socketPath: "/tmp/x.sock")
    }

    @Test func `a header gives the sizes that memory depends on`() throws {
        try withTemporaryFile(Self.gguf()) { path in
            let measure = try ModelMeasure(path: path)
            #expect(measure.shape.layers == 1)
            #expect(measure.shape.cacheBytesPerToken == 2 * (16 + 16) * 2)
            #expect(measure.sizeBytes == Int64(Self.gguf().count))
        }
    }

    /// llama-server loads a model whose data are cut in strange ways; a download that broke off must not run.
    @Test func `a file cut anywhere is damaged`() throws {
        let whole = Self.gguf()
        for length in 0..<whole.count {
            try withTemporaryFile(Array(whole[..<length])) { path in
                let error = #expect(throws: GenerationError.self) { try ModelMeasure(path: path) }
                guard case .modelDamaged(path, _) = error else {
                    Issue.record("cut at \(length): \(String(describing: error))")
                    return
                }
            }
        }
    }

    @Test func `a file of another kind is damaged, not misread`() throws {
        try withTemporaryFile(Array("#!/bin/sh\necho no model here, but long enough to be read".utf8)) { path in
            #expect(throws: GenerationError.modelDamaged(path: path, reason: "it does not begin with 'GGUF'")) {
                try ModelMeasure(path: path)
            }
        }
    }

    /// Counts of a damaged file may be anything; none may cost memory or time.
    @Test func `absurd counts are refused`() throws {
        var file = Self.gguf()
        for index in 8..<24 { file[index] = 0xff }
        try withTemporaryFile(file) { path in
            #expect(throws: GenerationError.self) { try ModelMeasure(path: path) }
        }
    }

    @Test func `a model for embeddings cannot write, and its file says so`() async throws {
        try await withTemporaryFile(Self.gguf(extra: [("llama.pooling_type", 1)])) { path in
            let error = await #expect(throws: GenerationError.self) { try await ModelInspector().inspect(engine(path)) }
            #expect(error?.description.contains("it is an embedding model (architecture llama)") == true)
            #expect(error?.needsAdministrator == true)
            let encoder = LocalEngine(isEncoder: true, modelPath: path, socketPath: "/tmp/x.sock")
            _ = try await ModelInspector().inspect(encoder)
        }
    }

    @Test func `a context over the model's own is warned of with the model's`() async throws {
        try await withTemporaryFile(Self.gguf(extra: [("llama.context_length", 2048)])) { path in
            let file = try await ModelInspector().inspect(engine(path))
            #expect(file.complaint(about: 2048) == nil)
            #expect(file.complaint(about: 4096)?.hasPrefix("Context=4096 is more than the 2048 tokens") == true)
        }
    }

    /// The bound must never be wrong: what a token can stand for decides, and blanks may vanish.
    @Test func `a text has no fewer tokens than its letters and bytes over the longest token's`() {
        var longest = TokenLengths()
        for token in ["a", "hello", "====\u{120}\u{120}==", "\u{2581}the"] { longest.take(Array(token.utf8)) }
        let bytes = PromptBound(tokenizer: "gpt2", longest: longest)
        #expect(bytes == PromptBound(bytesPerToken: 8, lettersPerToken: 5))
        #expect(bytes?.leastTokens(of: [String(repeating: "=", count: 80), " \n"]) == 10)
        #expect(bytes?.leastTokens(of: ["hello hello hello"]) == 3)
        #expect(PromptBound(tokenizer: "llama", longest: longest)?.bytesPerToken == 10)
        #expect(PromptBound(tokenizer: "bert", longest: longest) == nil, "a whole word may be one unknown token")
    }

    @Test func `a missing file is missing`() async throws {
        await #expect(
            throws: GenerationError.modelMissing(path: "/no/model.gguf", reason: "No such file or directory")
        ) { try await ModelInspector().inspect(engine("/no/model.gguf")) }
    }

    @Test func `the configured hash must be the file's, in either case of letters`() async throws {
        let inspector = ModelInspector()
        try await withTemporaryFile(Self.gguf()) { path in
            let file = try await inspector.inspect(engine(path))
            #expect(file.identity.hasPrefix(file.sha256.prefix(16)))
            _ = try await inspector.inspect(engine(path, sha256: file.sha256.uppercased()))
            await #expect(
                throws: GenerationError.wrongHash(path: path, expected: "00ff", actual: file.sha256)
            ) { try await inspector.inspect(engine(path, sha256: "00FF")) }
        }
    }

    /// The remembered hash belongs to a file's content, not to its name.
    @Test func `a file that changes is hashed again`() async throws {
        let inspector = ModelInspector()
        try await withTemporaryFile(Self.gguf()) { path in
            let before = try await inspector.inspect(engine(path)).sha256
            var changed = Self.gguf()
            changed[changed.count - 1] = 9
            try overwrite(path, changed)
            #expect(try await inspector.inspect(engine(path)).sha256 != before)
        }
    }

    @Test func `the first of several parts stands for all, and no part may be missing`() async throws {
        let directory = try temporaryDirectory()
        let first = "\(directory)/m-00001-of-00002.gguf"
        let second = "\(directory)/m-00002-of-00002.gguf"
        try overwrite(first, Self.gguf(extra: [("split.count", 2)]))
        #expect(throws: GenerationError.modelMissing(path: second, reason: "No such file or directory")) {
            try ModelMeasure(path: first)
        }
        try overwrite(second, [1, 2, 3])
        #expect(try ModelMeasure(path: first).paths == [first, second])
        #expect(throws: GenerationError.self) { try ModelMeasure(path: second) }
        unlink(first)
        unlink(second)
        rmdir(directory)
    }
}

/// Memory is checked for the pair, before anything is loaded.
@Suite struct MemoryGateTests {
    private func configurations(_ path: String, context: Int, gpuLayers: Int? = 0) -> [EngineConfiguration] {
        [EngineRole.quick, .deepthink].map { role in
            EngineConfiguration(
                role: role,
                source: .local(
                    LocalEngine(
                        modelPath: path, context: context, gpuLayers: gpuLayers, socketPath: "/tmp/\(role).sock")))
        }
    }

    @Test func `a pair that does not fit is refused at its first engine, with the sizes`() async throws {
        try await withTemporaryFile(ModelFileTests.gguf()) { path in
            let need = try EngineMemory(LocalEngine(modelPath: path, context: 1 << 20, socketPath: ""), devices: [])
            #expect(need.hostBytes > 128 << 20, "1 Mi tokens of 128 bytes")
            let free = need.hostBytes * 2 - 1
            let gate = MemoryGate(engines: configurations(path, context: 1 << 20), availableHostBytes: { free })
            await #expect(
                throws: GenerationError.outOfMemory(
                    needs: [.quick, .deepthink].map { MemoryNeed(role: $0, bytes: need.hostBytes) }, freeBytes: free,
                    place: "the machine")
            ) { try await gate.admit(.quick, devices: []) }
        }
    }

    /// The second engine starts while the first one is taking its memory, so it must not be measured again.
    @Test func `a pair that fits is admitted whatever the memory reads while it loads`() async throws {
        try await withTemporaryFile(ModelFileTests.gguf()) { path in
            let box = Box(free: 1 << 40)
            let gate = MemoryGate(engines: configurations(path, context: 1 << 20), availableHostBytes: { box.free })
            try await gate.admit(.deepthink, devices: [])
            box.set(0)
            try await gate.admit(.quick, devices: [])
            await gate.loaded(.deepthink)
            await gate.ended(.quick)
            await #expect(throws: GenerationError.self) { try await gate.admit(.quick, devices: []) }
        }
    }

    @Test func `layers on a device take the device's memory`() async throws {
        try await withTemporaryFile(ModelFileTests.gguf()) { path in
            let device = Device(name: "CUDA0", description: "GPU", totalBytes: 2 << 30, freeBytes: 1 << 30)
            let gate = MemoryGate(
                engines: configurations(path, context: 1 << 23, gpuLayers: nil), availableHostBytes: { nil })
            let error = await #expect(throws: GenerationError.self) { try await gate.admit(.quick, devices: [device]) }
            guard case .outOfMemory(_, 1 << 30, "CUDA0") = error else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test func `a listing of devices is read`() {
        let listing = """
            ggml_cuda_init: found 1 CUDA devices:
            Available devices:
              CUDA0: NVIDIA H100 80GB HBM3 (81089 MiB, 80558 MiB free)
              Vulkan0: AMD Radeon RX 7900 (RADV NAVI31) (24560 MiB, 24000 MiB free)
              BLAS: OpenBLAS (0 MiB, 0 MiB free)
            """
        #expect(
            Device.parse(listing) == [
                Device(
                    name: "CUDA0", description: "NVIDIA H100 80GB HBM3", totalBytes: 81089 << 20, freeBytes: 80558 << 20
                ),
                Device(
                    name: "Vulkan0", description: "AMD Radeon RX 7900 (RADV NAVI31)", totalBytes: 24560 << 20,
                    freeBytes: 24000 << 20),
            ])
        #expect(Device.parse("Available devices:\n  (none)\n") == [])
    }

    /// llama.cpp prints "offloaded 31/31 layers to GPU" on a machine without one; the buffers do not lie.
    @Test func `the place of the weights is read from the log`() {
        #expect(
            LogTail.bufferDevice(in: "0.00.324 I load_tensors:   CPU_Mapped model buffer size =    92.10 MiB")
                == "CPU_Mapped")
        #expect(LogTail.bufferDevice(in: "load_tensors:        CUDA0 model buffer size = 4000.00 MiB") == "CUDA0")
        let spread = "load_tensors: RPC0[192.0.2.7:50052] model buffer size = 92.10 MiB"
        #expect(LogTail.bufferDevice(in: spread) == "RPC0")
        #expect(LogTail.bufferDevice(in: "load_tensors: offloaded 31/31 layers to GPU") == nil)
        #expect(LogTail.bufferDevice(in: "model buffer size") == nil)
    }
}

/// Small decisions of the engines.
@Suite struct EngineDecisionTests {
    @Test func `pauses double up to the longest, and an administrator's errors are retried slowly`() {
        let policy = RestartPolicy(firstPause: .seconds(1), longestPause: .seconds(5), administratorPause: .seconds(60))
        let died = GenerationError.unavailable(role: .quick, reason: "")
        #expect((1...5).map { policy.pause(after: died, failures: $0) } == [1, 2, 4, 5, 5].map { .seconds($0) })
        #expect(policy.pause(after: died, failures: 1_000_000) == .seconds(5))
        #expect(policy.pause(after: .modelMissing(path: "", reason: ""), failures: 1) == .seconds(60))
    }

    @Test func `a job loses nothing by the engine's trouble, and is failed by its own`() {
        #expect(GenerationError.serverDied(role: .quick, reason: "", partial: nil).isPassing)
        #expect(GenerationError.http(role: .quick, status: 503, message: "").isPassing)
        #expect(!GenerationError.http(role: .quick, status: 400, message: "").isPassing)
        #expect(!GenerationError.promptTooLong(role: .quick, tokens: 2, context: 1).isPassing)
    }

    /// Long thinking is not hanging.
    @Test func `only silence with requests in flight is a hang`() {
        let meter = ProgressMeter()
        #expect(meter.stalled(now: .seconds(100)) == .zero)
        meter.begin(now: .seconds(100))
        #expect(meter.stalled(now: .seconds(130)) == .seconds(30))
        meter.note(now: .seconds(125))
        #expect(meter.stalled(now: .seconds(130)) == .seconds(5))
        meter.end()
        #expect(meter.stalled(now: .seconds(1000)) == .zero)
    }

    @Test(arguments: [SIGILL, SIGSEGV, SIGBUS, SIGABRT])
    func `a server that crashes at its start was built for another processor, and the remedy is told`(number: Int32) {
        let reason = ProcessExit.signal(number).reasonOfStart
        #expect(reason.hasPrefix("signal \(number) (SIG"), "\(reason)")
        #expect(reason.contains("built for another processor, or miscompiled"), "\(reason)")
        #expect(reason.contains("-DGGML_NATIVE=OFF") && reason.contains("-mno-amx-tile"), "\(reason)")
    }

    @Test func `a server that is killed at its start may have lacked memory`() {
        #expect(ProcessExit.signal(SIGKILL).reasonOfStart.contains("out of memory"))
        #expect(ProcessExit.signal(SIGTERM).reasonOfStart == "signal 15 (SIGTERM)")
        #expect(ProcessExit.code(1).reasonOfStart == "exit status 1")
    }

    @Test func `instructions come first, in the one system message that templates allow`() {
        let user = Message(role: "user", content: "2 + 2?")
        let own = Message(role: "system", content: "Be brief.")
        #expect(Transcript(instructions: nil, messages: [user], answer: "").messages == [user])
        #expect(
            Transcript(instructions: "Think.", messages: [user], answer: "").messages
                == [Message(role: "system", content: "Think."), user])
        #expect(
            Transcript(instructions: "Think.", messages: [own, user], answer: "").messages
                == [Message(role: "system", content: "Think.\n\nBe brief."), user])
    }

    @Test func `the forms of a server's address are told apart`() {
        #expect(HTTPEndpoint(parsing: "/run/x.sock") == .unixSocket(path: "/run/x.sock"))
        #expect(HTTPEndpoint(parsing: "unix:/run/x.sock") == .unixSocket(path: "/run/x.sock"))
        #expect(HTTPEndpoint(parsing: "http://host:8080/") == .url(base: "http://host:8080"))
    }
}

/// A number that a closure reads and a test changes.
private final class Box: Sendable {
    private let value: Mutex<Int64>
    init(free: Int64) { value = Mutex(free) }
    var free: Int64 { value.withLock { $0 } }
    func set(_ free: Int64) { value.withLock { $0 = free } }
}
