import Control
import Environments

extension ControlService {
    func addEnvironments(to table: inout MethodTable) {
        table.on(CheckEnvironment.self) { parameters, _, reply throws(ControlError) in
            let configuration: EnvironmentConfiguration
            do throws(EnvironmentError) { configuration = try environments.configuration(of: parameters.name) } catch {
                throw .notFound(kind: "environment", name: parameters.name)
            }
            var count = 0
            var broken = 0
            do {
                try await ConformanceCheck(configuration).run { finding in
                    count += 1
                    if !finding.passed { broken += 1 }
                    try await reply.send(
                        CheckEnvironment.Reply(rule: finding.rule, passed: finding.passed, detail: finding.detail),
                        continues: true)
                }
            } catch {
                throw error as? ControlError ?? .unavailable(what: "\(error)")
            }
            try await reply.send(
                CheckEnvironment.Reply(
                    rule: "keeps to the protocol", passed: broken == 0, detail: "\(count - broken) of \(count) rules"))
        }
    }
}
