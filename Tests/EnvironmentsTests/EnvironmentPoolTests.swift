import Domain
import Environments
import Glibc
import Testing

/// Starting a program takes a second or ten, an episode often less: processes are used again, and never pile up.
@Suite(.timeLimit(.minutes(10)), .serialized)
struct EnvironmentPoolTests {
    @Test func `a process that was given back is lent again`() async throws {
        let pool = EnvironmentPool([scripted()], limit: 2)
        let first = try await pool.borrow("corridor")
        pool.giveBack(first)
        let second = try await pool.borrow("corridor")
        #expect(first === second)
        let third = try await pool.borrow("corridor")
        #expect(third !== second)
        pool.giveBack(second)
        pool.giveBack(third)
        await pool.close()
        #expect(!first.isUsable && !third.isUsable)
    }

    @Test func `a broken process is replaced`() async throws {
        let pool = EnvironmentPool([scripted()], limit: 2)
        let first = try await pool.borrow("corridor")
        var episode = try await EnvironmentEpisode(in: first, seed: 1, options: ["fault": "die"])
        _ = try await episode.act("left")
        await #expect(throws: EnvironmentError.self) { try await episode.act("left") }
        pool.giveBack(first)
        let second = try await pool.borrow("corridor")
        #expect(second !== first)
        _ = try await EnvironmentEpisode(in: second, seed: 1, options: [:])
        pool.giveBack(second)
        await pool.close()
    }

    @Test func `an idle process makes room for another environment's`() async throws {
        let pool = EnvironmentPool([scripted(), scripted(name: "other")], limit: 1)
        let first = try await pool.borrow("corridor")
        pool.giveBack(first)
        let second = try await pool.borrow("other")
        #expect(!first.isUsable)
        pool.giveBack(second)
        await pool.close()
    }

    /// A Java program that nobody needs any more would hold its memory until londid ends.
    @Test func `what nobody borrowed between two looks is ended, and nothing else`() async throws {
        let pool = EnvironmentPool([scripted()], limit: 3)
        let (used, unused) = (try await pool.borrow("corridor"), try await pool.borrow("corridor"))
        pool.giveBack(unused)
        pool.giveBack(used)
        await pool.closeForgotten()
        #expect(used.isUsable && unused.isUsable)
        #expect(try await pool.borrow("corridor") === used)
        await pool.closeForgotten()
        #expect(used.isUsable && !unused.isUsable)
        pool.giveBack(used)
        await pool.closeForgotten()
        #expect(used.isUsable)
        await pool.closeForgotten()
        #expect(!used.isUsable)
    }

    @Test func `an unknown name says which there are`() async throws {
        let pool = EnvironmentPool([scripted(name: "b"), scripted(name: "a")], limit: 1)
        await #expect(throws: EnvironmentError.unknown(name: "c", known: ["a", "b"])) { try await pool.borrow("c") }
    }

    /// Ten thousand jobs must leave no descriptor behind: `LONDI_TEST_EPISODES=10000`.
    @Test func `episodes, every tenth of which breaks its process, leave nothing open`() async throws {
        let count = getenv("LONDI_TEST_EPISODES").flatMap { Int(String(cString: $0)) } ?? 300
        // The first ones open what Dispatch itself keeps.
        try await play(20)
        let before = try openDescriptors()
        try await play(count)
        // The readers' threads close their pipes a moment later.
        var after = try openDescriptors()
        for _ in 0..<100 where after > before {
            try await Task.sleep(for: .milliseconds(50))
            after = try openDescriptors()
        }
        #expect(after <= before)
    }

    /// Episodes in one pool, which is closed then.
    private func play(_ count: Int) async throws {
        let pool = EnvironmentPool([scripted()], limit: 1)
        for seed in 0..<count {
            let process = try await pool.borrow("corridor")
            let options = seed % 10 == 9 ? ["fault": "die"] : [:]
            var episode = try await EnvironmentEpisode(in: process, seed: Int64(seed), options: options)
            do {
                while try await episode.act("right").end == nil {}
            } catch {
                #expect(error.description.contains("exit status 7"))
            }
            pool.giveBack(process)
        }
        await pool.close()
    }

    private func openDescriptors() throws -> Int {
        let directory = try #require(opendir("/proc/self/fd"))
        defer { closedir(directory) }
        var count = 0
        while readdir(directory) != nil { count += 1 }
        return count
    }
}
