import Control
import Domain
import Foundation
import Testing

@testable import londictl

/// Every command's help, what it prints for people and for scripts, and the shape of its JSON, as files that one can read.
/// Whoever changes one on purpose writes them anew with LONDI_WRITE_GOLDEN=1, looks at the difference, and raises
/// `Invocation.schemaVersion` where a member of the JSON has gone or means something else.
@Suite(.timeLimit(.minutes(5))) struct `Golden output` {
    private static let directory = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Golden")

    /// The lines that are run of each command beside its help; one whose output is a file of the user's own has none.
    private static let lines: [String: [String]] = [
        "submit": ["--queue maths --prompt 2+2? --parsable", "--queue maths --prompt 2+2? --json"],
        "wait": ["b7", "b7 --json", "b7 --jsonl"],
        "results": ["b7", "b7 --all"],
        "list": ["", "--json", "--jsonl", "--parsable", "-n -o job,state,submitted"],
        "show": ["42", "42 --json", "b7", "b7 --json"],
        "explain": ["42", "42 --json", "42 --jsonl"],
        "watch": ["42", "42 --jsonl", "42 --partial", "42 --partial --jsonl"],
        "cancel": ["b7", "b7 --json"],
        "retry": ["42", "42 --json"],
        "feedback": ["42 --reward 0.5"],
        "queue create": ["maths", "maths --json"],
        "queue set": ["maths --cost 0.1", "maths --cost 0.1 --json"],
        "queue list": ["", "--json", "--jsonl", "--parsable"],
        "queue export": ["-o -", "maths -o -"],
        "queue pause": ["maths"], "queue drain": ["maths"], "queue resume": ["maths"],
        "batch list": ["", "--json", "--jsonl", "--parsable"],
        "budget show": ["", "--json", "--jsonl", "--parsable"],
        "budget history": ["", "maths --json", "--parsable"],
        "budget grant": ["maths --calls 20", "maths --calls 20 --json"],
        "budget revoke": ["maths", "maths --json"],
        "budget set-day": ["maths", "maths --json"],
        "spend": ["--by queue,day", "--json", "--csv", "--parsable"],
        "policy show": ["maths", "maths --json"],
        "policy versions": ["maths", "maths --json"],
        "policy history": ["maths", "maths --json"],
        "policy freeze": ["maths", "maths --json"], "policy thaw": ["maths"], "policy rollback": ["maths"],
        "policy evaluate": ["maths", "maths --json"],
        "policy curve": ["maths", "maths --json"],
        "policy heatmap": ["maths", "maths --json"],
        "environment check": ["rooms", "rooms --json"],
        "prune": ["--dry-run", "--json"],
        "audit verify": ["", "--json"],
        "audit export": ["", "--csv"],
        "audit replay": ["maths", "maths --json"],
        "status": ["", "--json"],
        "doctor": ["", "--json"], "db info": ["", "--json"],
        "config show": ["", "--json", "--parsable"],
        "top": ["", "--json"], "events": ["", "--json", "--parsable"],
        "metrics": [""],
        "report": ["-o -"],
        "version": ["", "--json"],
    ]

    @Test(arguments: CommandTable.all.map(\.name))
    func `is what it was`(command: String) async throws {
        let file = Self.directory.appending(path: command.replacing(" ", with: "-") + ".txt")
        let lines = ["help \(command)"] + (Self.lines[command] ?? []).map { "\(command) \($0)" }
        try await withServer(StubDaemon().table) { path in
            var text = ""
            for line in lines {
                text += try await Self.transcript(line.split(separator: " ").map(String.init), path: path)
            }
            if ProcessInfo.processInfo.environment["LONDI_WRITE_GOLDEN"] != nil {
                try text.write(to: file, atomically: true, encoding: .utf8)
            }
            #expect(try text == String(contentsOf: file, encoding: .utf8))
        }
    }

    @Test func `has a file for each command and no other`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
        #expect(Set(files) == Set(CommandTable.all.map { $0.name.replacing(" ", with: "-") + ".txt" }))
        #expect(Set(Self.lines.keys).isSubset(of: CommandTable.all.map(\.name)))
    }

    /// The line as it would be typed, what it prints, its messages behind `! `, and its exit code where that is not 0.
    private static func transcript(_ words: [String], path: String) async throws -> String {
        let printed = await Printed.by(words, path: path)
        if words.contains("--json") {
            let version = try JSONReader.value(of: printed.output)["schema_version"]
            #expect(version == .integer(Int64(Invocation.schemaVersion)), "\(words)")
        }
        let messages = printed.messages.split(separator: "\n").map { "! \($0)\n" }.joined()
        let exit = printed.exit == .ok ? "" : "(exit \(printed.exit.rawValue))\n"
        return "$ londictl \(words.joined(separator: " "))\n" + printed.output.replacing("\r\n", with: "\n") + messages
            + exit + "\n"
    }
}
