import Glibc

/// What Tests/fuzz.sh runs: libFuzzer makes inputs, and one of the parsers takes them. A trap in it is a crash that
/// libFuzzer reports, with the input. LONDI_FUZZ_TARGET names the parser.
private let parser: @Sendable ([UInt8]) -> Void = {
    guard let name = getenv("LONDI_FUZZ_TARGET").map({ String(cString: $0) }), let parser = targets[name] else {
        fatalError("LONDI_FUZZ_TARGET is none of \(targets.keys.sorted().joined(separator: ", "))")
    }
    return parser
}()

/// One parser each, with what must hold of whatever it makes of its input.
let targets: [String: @Sendable ([UInt8]) -> Void] = [
    "batch": parseBatch, "configuration": parseConfiguration, "environment": parseEnvironment, "frames": parseFrames,
    "model": parseModel, "stream": parseStream, "trap": trap, "verifier": parseVerifier,
]

/// A fault that is there, to see that it is found.
@Sendable private func trap(_ input: [UInt8]) {
    precondition(!input.starts(with: Array("trap".utf8)), "found")
}

@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    parser(Array(UnsafeBufferPointer(start: start, count: count)))
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// SwiftPM gives this name to a program's main function.
@_cdecl("Fuzz_main")
public func main(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
    var (count, arguments) = (count, arguments)
    return runDriver(&count, &arguments, testOneInput)
}
