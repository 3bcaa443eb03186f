import Control

extension Command {
    static let doctor = Command(
        words: ["doctor"],
        summary:
            "Look at configuration, models, disk, permissions and clock, with a remedy for each problem; exit 1 if any",
        options: [
            CommandOption("config", "FILE", "look at this configuration, without asking a running londid")
        ],
        examples: ["doctor", "doctor --json", "doctor --config /etc/londi/londid.conf"]
    ) { invocation async throws(CommandError) in
        let findings = try await findings(invocation)
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

    /// The running londid's, else those of one that looks without starting. A socket that was named is the only one asked.
    private static func findings(_ invocation: Invocation) async throws(CommandError) -> [Finding] {
        if let path = invocation.text("config") { return try stopped(["--config", path], invocation) }
        let isNamed = invocation.text("socket") != nil || invocation.environment["LONDI_SOCKET"] != nil
        do throws(CommandError) {
            let session = try Session(invocation)
            let own = version(of: try await session.daemonVersion())
            return [own] + (try await session.call(Diagnose.self, .init()).findings)
        } catch {
            guard !isNamed, error.exitCode == .unreachable else { throw error }
            return try stopped([], invocation)
        }
    }

    private static func stopped(
        _ arguments: [String], _ invocation: Invocation
    ) throws(CommandError) -> [Finding] {
        let service = LocalService(invocation.environment, isUserMode: false)
        let done = try Program(path: service.program()).run(["--doctor"] + service.modeArguments + arguments)
        guard done.status == 0 else {
            throw .failed("\(try service.program()) --doctor ended with \(done.status): see what it said")
        }
        let remedy = arguments.isEmpty ? "start it; londictl quickstart sets one up" : nil
        let away = Finding("londid", remedy == nil ? .ok : .problem, "no running londid was asked", remedy: remedy)
        do throws(ControlError) {
            return [away] + (try JSONText.decode(Diagnose.Reply.self, from: done.output).findings)
        } catch { throw .control(error) }
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
