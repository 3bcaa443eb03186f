import Control

extension Command {
    static let doctor = Command(
        words: ["doctor"],
        summary:
            "Look at configuration, models, disk, permissions and clock, with a remedy for each problem; exit 1 if any",
        examples: ["doctor", "doctor --json"]
    ) { invocation async throws(CommandError) in
        let session = try Session(invocation)
        var findings = [version(of: try await session.daemonVersion())]
        findings += try await session.call(Diagnose.self, .init()).findings
        let paint = invocation.console.paint
        let lines = findings.map { finding in
            let remedy = finding.remedy.map { "\n           \(Plain.text($0, keepsLines: false))" } ?? ""
            let word = finding.level.rawValue + String(repeating: " ", count: 9 - finding.level.rawValue.count)
            return "\(paint(word, finding.level.style))  \(finding.subject): "
                + "\(Plain.text(finding.detail, keepsLines: false))\(remedy)\n"
        }
        invocation.write(Diagnose.Reply(findings: findings), orText: lines.joined())
        return findings.contains { $0.level == .problem } ? .jobFailed : .ok
    }

    private static func version(of londid: String) -> Finding {
        let own = CommandLineTool.version
        guard londid != own else { return Finding("version", .ok, "londid and londictl are \(own)") }
        return Finding(
            "version", .warning, "londid is \(londid), londictl \(own)",
            remedy: "install both from one package, and start londid again")
    }
}

extension Finding.Level {
    fileprivate var style: Style {
        switch self {
        case .ok: .good
        case .warning: .warning
        case .problem: .bad
        }
    }
}
