import Control
import Domain
import Foundation
import Storage
import Testing

@testable import Daemon

/// What monitoring reads, from a whole londid over its socket and from its file.
@Suite(.timeLimit(.minutes(5))) struct Metrics {
    private static func prepare(_ store: Store) async throws {
        let limits = BudgetLimits(calls: 50, gpuMilliseconds: 600_500)
        try await store.createQueue(
            try QueueName("maths"), QueueSettings(limits: limits), by: User(uid: 0, name: "root"),
            now: Timestamp(milliseconds: 0))
    }

    private static func read(_ path: String) async throws -> String {
        try await ControlClient.connect(path: path).call(ReadMetrics.self, .init()).text
    }

    /// The grammar of the text format, version 0.0.4, as far as it is used.
    @Test func `are well-formed and name no job and no user`() async throws {
        try await RunningDaemon(Self.prepare).run { path in
            let lines = try await Self.read(path).split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.last == "")
            var family = ""
            var kinds: [String: String] = [:]
            for line in lines.dropLast() {
                if let match = line.wholeMatch(of: /# HELP (londi_[a-z_]+) (\S.*\.)/) {
                    family = String(match.1)
                    #expect(kinds[family] == nil, "\(family) comes twice")
                } else if let match = line.wholeMatch(of: /# TYPE (londi_[a-z_]+) (counter|gauge)/) {
                    #expect(match.1 == family)
                    kinds[family] = String(match.2)
                    #expect(family.hasSuffix("_total") == (match.2 == "counter"), "\(family)")
                } else {
                    let sample =
                        /(londi_[a-z_]+)(\{[a-z]+="[^"\\\n]*"(,[a-z]+="[^"\\\n]*")*\})? [0-9]+(\.[0-9]+)?/
                    let match = try #require(line.wholeMatch(of: sample), "\(line)")
                    #expect(match.1 == family)
                    #expect(kinds[family] != nil, "\(family) has no type")
                    for label in ["user", "job=", "batch"] { #expect(!line.contains(label)) }
                }
            }
            for line in [
                #"londi_budget_limit_calls{queue="maths"} 50"#,
                #"londi_budget_limit_gpu_seconds{queue="maths"} 600.500"#,
                #"londi_budget_warning{queue="maths",unit="calls"} 0"#, #"londi_jobs{queue="maths",state="held"} 0"#,
                #"londi_jobs_ended_total{queue="maths",state="completed"} 0"#,
                #"londi_engine_up{role="deepthink"} 0"#, "londi_ledger_entries_total 0", "londi_starts_total 3",
            ] { #expect(lines.contains(Substring(line)), "\(line)") }
        }
    }

    @Test func `tell that a policy is frozen`() async throws {
        try await RunningDaemon(Self.prepare).run { path in
            let sample = "londi_policy_frozen{queue=\"maths\"}"
            #expect(try await Self.read(path).contains("\n\(sample) 0\n"))
            _ = try await ControlClient.connect(path: path).call(
                FreezePolicy.self, .init(queue: try QueueName("maths")))
            #expect(try await Self.read(path).contains("\n\(sample) 1\n"))
        }
    }

    @Test func `an amount of time is printed in seconds and a label's marks are escaped`() {
        let family = MetricFamily(
            "x", .gauge, "Help.",
            [.init(["queue": "a\"b\\c\nd"], 1_005, of: .gpuTime), .init([:], milliseconds: 2_000)])
        #expect(
            family.text
                == "# HELP londi_x Help.\n# TYPE londi_x gauge\nlondi_x{queue=\"a\\\"b\\\\c\\nd\"} 1.005\nlondi_x 2\n")
        #expect(MetricFamily("x", .gauge, "Help.", []).text == "")
        #expect(MetricFamily("x", .gauge, "Help.", [.init([:], number: 0.06250004)]).text.hasSuffix("londi_x 0.0625\n"))
    }

    /// A quotation mark that is part of another Character ended the label's value.
    @Test(arguments: ["\"", "\\", "\n"])
    func `a label's marks are escaped whatever stands beside them`(mark: String) {
        let text = MetricFamily("x", .gauge, "Help.", [.init(["queue": "a\u{600}\(mark)\u{301}"], 1)]).text
        let value = text.utf8.split(separator: UInt8(ascii: "{"))[1]
        #expect(value.count { $0 == UInt8(ascii: "\"") } == (mark == "\"" ? 3 : 2))
        #expect(value.count { $0 == UInt8(ascii: "\\") } == (mark == "\\" ? 2 : 1))
        #expect(value.count { $0 == UInt8(ascii: "\n") } == 1)
    }

    @Test func `a file has them whole and goes with londid`() async throws {
        let state = try TemporaryState()
        let path = "\(state.directory)/londi.prom"
        let rounds = AsyncStream.makeStream(of: Void.self)
        let file = MetricsFile(path: path, seconds: 0, log: Log(threshold: .error)) { () async throws(ControlError) in
            rounds.continuation.yield()
            return "londi_x 1\n"
        }
        let writing = Task { try await file.run() }
        var iterator = rounds.stream.makeAsyncIterator()
        // When the second round begins, the first has been written.
        await iterator.next()
        await iterator.next()
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "londi_x 1\n")
        writing.cancel()
        _ = await writing.result
        #expect(!FileManager.default.fileExists(atPath: path))
        #expect(!FileManager.default.fileExists(atPath: path + ".new"))
    }
}
