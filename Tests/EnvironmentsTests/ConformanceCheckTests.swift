import Environments
import Testing

/// What the checker passes, authors believe: it must find what it looks for.
@Suite(.timeLimit(.minutes(5)))
struct ConformanceCheckTests {
    private func findings(_ configuration: EnvironmentConfiguration) async throws -> [ConformanceCheck.Finding] {
        var findings: [ConformanceCheck.Finding] = []
        try await ConformanceCheck(configuration).run { findings.append($0) }
        return findings
    }

    @Test func `a program that keeps to the protocol passes every rule`() async throws {
        let findings = try await findings(scripted())
        #expect(findings.count == 12)
        for finding in findings { #expect(finding.passed, "\(finding)") }
    }

    @Test(arguments: [
        ("forgetful", "repeats itself in another process"), ("counts-anything", "refuses a step out of order"),
        ("takes-anything", "refuses an unknown action"), ("never-ends", "refuses a step after the end"),
        ("stays", "ends when its input does"), ("silent", "keeps running"),
    ])
    func `a rule that is broken is named`(fault: String, rule: String) async throws {
        var configuration = scripted(fault)
        configuration.startMilliseconds = 5000
        let broken = try await findings(configuration).filter { !$0.passed }.map(\.rule)
        #expect(broken.contains(rule), "\(broken)")
    }
}
