import Control
import Domain

extension Command {
    static let policyFreeze = Command(
        words: ["policy", "freeze"], summary: "Keep a queue's policy as it is: nothing is learnt until it is thawed",
        arguments: ["QUEUE"], options: [.reason], examples: ["policy freeze maths --reason 'the exam is on'"]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let parameters = FreezePolicy.Parameters(queue: queue, reason: invocation.text("reason"))
        let reply = try await Session(invocation).call(FreezePolicy.self, parameters)
        report(reply.event, "is frozen", of: queue, invocation)
        return .ok
    }

    static let policyThaw = Command(
        words: ["policy", "thaw"], summary: "Let a frozen policy choose again, and learning go on",
        arguments: ["QUEUE"], options: [.reason], examples: ["policy thaw maths"]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let parameters = ThawPolicy.Parameters(queue: queue, reason: invocation.text("reason"))
        let reply = try await Session(invocation).call(ThawPolicy.self, parameters)
        report(reply.event, "is thawed", of: queue, invocation)
        return .ok
    }

    static let policyRollback = Command(
        words: ["policy", "rollback"], summary: "Put an earlier version of a queue's policy in force, and freeze it",
        arguments: ["QUEUE"],
        options: [CommandOption("to", "VERSION", "this version; by default the one in force before"), .reason],
        examples: ["policy rollback maths", "policy rollback maths --to 12"]
    ) { invocation async throws(CommandError) in
        let queue = try invocation.queue(invocation.arguments[0])
        let version = try invocation.integer("to")
        if let version, version < 1 { throw .usage("--to '\(version)' is no version: use a number from 1") }
        let parameters = RollBackPolicy.Parameters(
            queue: queue, version: version.map(Int64.init), reason: invocation.text("reason"))
        let reply = try await Session(invocation).call(RollBackPolicy.self, parameters)
        report(reply.event, "is rolled back and frozen", of: queue, invocation)
        return .ok
    }
}

extension CommandOption {
    fileprivate static let reason = CommandOption("reason", "TEXT", "why, for whoever looks later")
}

private func report(_ event: PolicyEvent, _ word: String, of queue: QueueName, _ invocation: Invocation) {
    let version = event.version.map { "version \($0) is in force" } ?? "no version is in force yet"
    let remedy = event.isFrozen ? "; londictl policy thaw \(queue) ends that" : ""
    let text = "Policy of \(queue) \(word): \(version)\(remedy)"
    invocation.write(event, orText: text + "\n")
}
