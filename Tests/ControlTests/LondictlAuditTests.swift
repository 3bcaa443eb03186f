import Control
import Domain
import Foundation
import Synchronization
import Testing

@testable import londictl

/// What auditors and their scripts get to see.
@Suite(.timeLimit(.minutes(5))) struct LondictlAudits {
    /// Scripts decide by the exit code; the first difference must be told in full.
    @Test func `verify ends with 1 where there is a difference, and names its rows`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let sound = await Printed.by(["audit", "verify"], path: path)
            #expect(sound.exit == .ok)
            #expect(
                sound.output == "The books agree: 3 ledger entries, the last sealed ab\n"
                    + "5 administrative events sealed; those before 2026-11-23T10:00:00Z only since then, by an upgrade\n"
            )
            daemon.state.withLock {
                $0.differences = [
                    BookDifferenceView(check: "chain", subject: "ledger entry 2", expected: "a", found: "b\u{1b}")
                ]
            }
            let forged = await Printed.by(["audit", "verify"], path: path)
            #expect(forged.exit == .jobFailed && ExitCode.jobFailed.rawValue == 1)
            #expect(forged.output.hasPrefix("chain: ledger entry 2: expected a, found b?\n1 difference: "))
            let json = try JSONReader.value(of: await Printed.by(["audit", "verify", "--json"], path: path).output)
            #expect(json["differences"]?.array?.count == 1)
            #expect(json["check"] == nil)
        }
    }

    @Test func `export prints the sealed columns as RFC 4180 wants them`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let printed = await Printed.by(["audit", "export", "--csv", "-S", "2026-11-01", "-q", "maths"], path: path)
            #expect(printed.exit == .ok)
            let lines = printed.output.components(separatedBy: "\r\n")
            #expect(lines.count == 4 && lines[3].isEmpty)
            #expect(
                lines[0].hasPrefix("seq,at_ms,day,queue,submitter_uid,batch,job,") && lines[0].hasSuffix(",hash,date"))
            #expect(lines[1].contains(#",maths,1000,7,42,5,6,deepthink,"a ""big"", model",step,1,1,2,3,4,5,00,ab,"#))
            #expect(lines[2].contains(",maths,1000,,42,"))
        }
        #expect(
            daemon.state.withLock { $0.export }
                == .init(from: DayKey(year: 2026, month: 11, day: 1), queue: try QueueName("maths")))
    }

    @Test func `export prints JSON lines, which read back`() async throws {
        try await withServer(StubDaemon().table) { path in
            let printed = await Printed.by(["audit", "export"], path: path)
            let lines = printed.output.split(separator: "\n")
            #expect(lines.count == 2)
            let entry = try JSONText.decode(LedgerEntryView.self, from: Array(lines[0].utf8))
            #expect(entry == MessageSamples.entry)
        }
    }

    /// A half-written export that looks whole is worse than none.
    @Test func `export writes its file whole or not at all`() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "londi-export-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { do { try FileManager.default.removeItem(at: directory) } catch { Issue.record("\(error)") } }
        let file = directory.appending(path: "ledger.jsonl")
        try await withServer(StubDaemon().table) { path in
            try Data("old".utf8).write(to: file)
            let broken = await Printed.by(["audit", "export", "-q", "away", "--file", file.path], path: path)
            #expect(broken.exit == .error)
            #expect(try String(contentsOf: file, encoding: .utf8) == "old")
            let whole = await Printed.by(["audit", "export", "--file", file.path], path: path)
            #expect(whole.exit == .ok && whole.output.isEmpty)
            #expect(try String(contentsOf: file, encoding: .utf8).split(separator: "\n").count == 2)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["ledger.jsonl"])
        }
    }

    @Test func `replay ends with 1 only where a version differs`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let same = await Printed.by(["audit", "replay", "maths"], path: path)
            #expect(same.exit == .ok)
            #expect(
                same.output
                    == "VERSION  VERDICT           REASON\n      1  not-reproducible  gone\n      2  identical         -\n"
            )
            daemon.state.withLock { $0.verdict = .different }
            #expect(await Printed.by(["audit", "replay", "maths", "--jsonl"], path: path).exit == .jobFailed)
        }
    }

    @Test func `spend adds a total below a table of several rows, and to nothing else`() async throws {
        let daemon = StubDaemon()
        try await withServer(daemon.table) { path in
            let one = await Printed.by(["spend", "--by", "queue,day"], path: path)
            #expect(!one.output.contains("total"))
            daemon.state.withLock { $0.rows = [MessageSamples.row, MessageSamples.row] }
            let two = await Printed.by(["spend", "--by", "queue,day"], path: path)
            #expect(
                two.output.split(separator: "\n").last?.hasPrefix("total                 3 ") == true, "\(two.output)")
            for form in [["--csv"], ["--jsonl"], ["-n"]] {
                #expect(await !Printed.by(["spend"] + form, path: path).output.contains("total"))
            }
            let csv = await Printed.by(["spend", "--by", "queue,model", "--csv"], path: path)
            #expect(
                csv.output.hasPrefix(
                    "queue,model,jobs,quick_calls,quick_tokens,quick_gpu_ms,deepthink_calls,deepthink_tokens,"
                        + "deepthink_gpu_ms\r\nmaths,a,3,"))
            let both = await Printed.by(["spend", "--csv", "--jsonl"], path: path)
            #expect(both.exit == .usage)
            #expect(both.messages == "londictl: --csv and --jsonl are two forms of output; give one\n")
        }
    }

    @Test(arguments: [
        ("plain", "plain"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a\nb", "\"a\nb\""), ("a\rb", "\"a\rb\""),
        ("", ""),
    ]) func `a field is quoted where it has to be`(field: String, written: String) {
        #expect(CSV.record([field, "x"]) == written + ",x\r\n")
    }
}
