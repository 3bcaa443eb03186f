import Control
import Domain

extension Command {
    static let environmentCheck = Command(
        words: ["environment", "check"], summary: "Look whether an environment's program keeps to the protocol",
        arguments: ["NAME"], examples: ["environment check babyai-text"]
    ) { invocation async throws(CommandError) in
        let name = invocation.arguments[0]
        let console = invocation.console
        var findings: [CheckEnvironment.Reply] = []
        try await Session(invocation).stream(CheckEnvironment.self, .init(name: name)) { reply in
            findings.append(reply)
            if invocation.isSet("jsonl") {
                invocation.writeRows([reply])
            } else if !invocation.isSet("json") {
                let word = console.paint(reply.passed ? "ok    " : "BROKEN", reply.passed ? .good : .bad)
                let detail = Plain.text(reply.detail, keepsLines: false)
                console.write("\(word)  \(reply.rule): \(detail)\n")
            }
        }
        if invocation.isSet("json") { invocation.writeObject(["findings": findings]) }
        return findings.last?.passed == true ? .ok : .jobFailed
    }
}
