import Domain
import Glibc
import Storage
import Testing

/// A power cut loses what was not synced, in any order and torn at sectors. What the store returned from must survive it.
/// `LONDI_POWER_CUTS` asks for another number of cuts.
@Suite struct PowerLossTests {
    private static let cutsPerHistory = 10
    private static let historyCount = UInt64((environmentNumber("LONDI_POWER_CUTS") ?? 1_000) / cutsPerHistory)

    @Test(.timeLimit(.minutes(20)), arguments: 1...historyCount)
    func `nothing that was acknowledged is lost to a power cut`(seed: UInt64) async throws {
        let (cutCount, _, broken) = try await Self.run(seed: seed, ignoresSyncs: false)
        #expect(cutCount == Self.cutsPerHistory)
        #expect(broken.isEmpty, "seed \(seed): \(broken.prefix(5))")
    }

    /// Else nothing would tell whether a note can be newer than its database.
    @Test(.timeLimit(.minutes(5))) func `cuts leave the note beside the database`() async throws {
        var noteCount = 0
        for seed in UInt64(1)...4 { noteCount += try await Self.run(seed: seed, ignoresSyncs: false).noteCount }
        #expect(noteCount > 10)
    }

    /// The first test is worth something only if it finds what a disk that ignores syncs has lost.
    @Test(.timeLimit(.minutes(5))) func `a disk that ignores syncs is found out`() async throws {
        var lossCount = 0
        for seed in UInt64(1)...4 {
            let (_, _, broken) = try await Self.run(seed: seed, ignoresSyncs: true)
            lossCount += broken.isEmpty ? 0 : 1
        }
        #expect(lossCount == 4)
    }

    /// Runs one history with cuts on the way, and says what each of them broke.
    private static func run(seed: UInt64, ignoresSyncs: Bool) async throws -> (
        cutCount: Int, noteCount: Int, broken: [String]
    ) {
        let disk = PowerDisk(seed: seed)
        if ignoresSyncs { disk.ignoreSyncs() }
        let images = TemporaryDirectory()
        let prefix = "\(images.path)/cut-"
        disk.cutOften(mean: 60, prefix: prefix)
        var history = try StoreHistory(seed: seed, disk: disk)
        var broken: [String] = []
        var (checked, noteCount) = (0, 0)
        while checked < cutsPerHistory {
            // What was promised before a command is promised throughout it.
            let promises = history.promises
            if history.store == nil {
                try await history.open()
                try await history.createQueue()
            } else {
                try await history.next()
            }
            while checked < min(disk.cutCount, cutsPerHistory) {
                if access("\(prefix)\(checked)/state.seal", F_OK) == 0 { noteCount += 1 }
                do {
                    broken += try await promises.broken(in: "\(prefix)\(checked)").map { "cut \(checked): \($0)" }
                } catch {
                    broken.append("cut \(checked): \(error)")
                }
                TemporaryDirectory.remove("\(prefix)\(checked)")
                checked += 1
            }
            // Those of the last command that are too many.
            if checked == cutsPerHistory {
                for number in checked..<max(checked, disk.cutCount) { TemporaryDirectory.remove("\(prefix)\(number)") }
            }
        }
        return (checked, noteCount, broken)
    }
}
