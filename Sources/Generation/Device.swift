import Domain
import Processes

/// A device that llama-server can put layers on, as `llama-server --list-devices` names it.
package struct Device: Hashable, Sendable {
    /// `CUDA0`.
    package let name: String
    /// `NVIDIA H100 80GB HBM3`.
    package let description: String
    package let totalBytes: Int64
    package let freeBytes: Int64

    private static let listingMilliseconds = 120_000

    /// Asks llama-server. A listing that fails is an error, not an empty list.
    /// - Parameter arguments: what makes it know of more devices.
    static func list(
        executable: String, arguments: [String] = [], environment: [String: String]
    ) async throws(GenerationError) -> [Device] {
        let command = ProcessCommand(
            path: executable, arguments: arguments + ["--list-devices"], environment: environment)
        let result: ProcessResult
        do {
            result = try await runToEnd(command, outputLimit: 1 << 20, timeLimitMilliseconds: listingMilliseconds)
        } catch {
            throw .executableMissing(name: executable, reason: "\(error)")
        }
        guard result.isSuccess else {
            throw .executableMissing(
                name: executable, reason: "--list-devices: \(result.ending) \(result.errorTail.lastScalars(500))")
        }
        return parse(String(decoding: result.output, as: UTF8.self))
    }

    /// Reads lines such as `  CUDA0: NVIDIA H100 80GB HBM3 (81089 MiB, 80558 MiB free)`. Devices without memory of
    /// their own, such as BLAS, hold no layers and are left out.
    static func parse(_ listing: String) -> [Device] {
        listing.lines.compactMap { line in
            let scalars = line.unicodeScalars
            guard line.begins(with: " "), line.ends(with: " free)"), let colon = scalars.firstIndex(of: ":"),
                let bracket = scalars.lastIndex(of: "("), colon < bracket
            else { return nil }
            let numbers = line[bracket...].parts(where: { !$0.isDigit }).compactMap { Int64($0) }
            guard numbers.count == 2, numbers[0] > 0 else { return nil }
            return Device(
                name: String(line[..<colon].withoutOuterSpace()),
                description: String(line[scalars.index(after: colon)..<bracket].withoutOuterSpace()),
                totalBytes: numbers[0] << 20, freeBytes: numbers[1] << 20)
        }
    }
}
