import Control
import Domain
import Episodes
import Storage
import Switching

/// What would have been under another policy, and where this one calls.
extension ControlService {
    func addPolicyInsight(to table: inout MethodTable) {
        table.on(EvaluatePolicy.self) { parameters, peer, reply throws(ControlError) in
            let policies = try await computing.run(for: peer) { () async throws(ControlError) -> [EvaluationView] in
                try await evaluate(parameters)
            }
            try await reply.send(EvaluatePolicy.Reply(policies: policies))
        }
        table.on(CurvePolicy.self) { parameters, peer, reply throws(ControlError) in
            let queue = try await queue(parameters.queue)
            let settings = queue.settings.switcher
            let policies = try await computing.run(for: peer) { () async throws(ControlError) -> [EvaluationView] in
                try await evaluating(queue, settings, "curve") { $0.curve() }
            }
            try await reply.send(EvaluatePolicy.Reply(policies: policies))
        }
        table.on(MapPolicy.self) { parameters, peer, reply throws(ControlError) in
            _ = try await queue(parameters.queue)
            let steps = try await computing.run(for: peer) { () async throws(ControlError) -> MapPolicy.Reply in
                try await map(parameters, uid: Self.visibleUser(to: peer))
            }
            try await reply.send(steps)
        }
    }

    private func evaluate(_ parameters: EvaluatePolicy.Parameters) async throws(ControlError) -> [EvaluationView] {
        let queue = try await queue(parameters.queue)
        var settings = queue.settings.switcher
        if let cost = parameters.cost {
            guard cost.isFinite, cost >= 0 else {
                throw .invalidArgument(argument: "cost", value: "\(cost)", remedy: "use 0 or more, such as 0.05")
            }
            settings.cost = cost
        }
        if let budget = parameters.budget, budget < 0 {
            throw .invalidArgument(argument: "budget", value: "\(budget)", remedy: "use 0 calls a job or more")
        }
        let kind = parameters.kind ?? settings.kind
        guard kind != .swiftSage else {
            throw .invalidArgument(
                argument: "kind", value: kind.rawValue, remedy: "its rules read texts, which the log of choices has not"
            )
        }
        if kind.learns { settings.kind = kind }
        let parameter = parameters.parameter ?? settings.parameter
        guard parameter.isFinite, kind != .random || (0...1).contains(parameter) else {
            throw .invalidArgument(
                argument: "parameter", value: "\(parameter)", remedy: "a random switcher's is a probability, 0 to 1")
        }
        let cost = settings.cost
        let question = "\(kind.rawValue) \(parameter) \(cost) \(parameters.budget.map { "\($0)" } ?? "none")"
        return try await evaluating(queue, settings, question) {
            $0.evaluate(kind: kind, parameter: parameter, cost: cost, budget: parameters.budget)
        }
    }

    /// Loads the pair's newest episodes and computes, unless the same was asked before.
    /// - Parameter question: what `body` asks, and with what.
    private func evaluating(
        _ queue: QueueRecord, _ settings: SwitcherSettings, _ question: String,
        _ body: (PolicyEvaluation) -> [EvaluationView]
    ) async throws(ControlError) -> [EvaluationView] {
        // A reader of its own: it ends with the caller, and nobody waits for it.
        let history = try await answering { () async throws(StorageError) in
            try await store.makeAuditReader().trainingEpisodes(
                queue: queue.name, limit: LearnerLoop.episodeLimit, .fair)
        }
        let encoder = await texts.encoder
        let fit = PolicyFit(
            kind: settings.kind, cost: settings.cost, encoderIdentity: encoder.identity,
            featureCount: encoder.featureCount, pairKey: await pair.pairKey(encoder), version: 0)
        let records = fit.trialRecords(history)
        guard records.count >= PolicyEvaluation.fewestEpisodes else {
            throw .conflict(
                what: "queue \(queue.name) has \(records.count) judged episodes of this pair of models",
                remedy: "an estimate needs \(PolicyEvaluation.fewestEpisodes) or more: let it run, with exploration")
        }
        let imported = settings.kind == queue.settings.switcher.kind ? try await importedInForce(queue) : nil
        let key = EstimateMemory.Key(
            queue: queue.name, throughOutcome: history.throughOutcome, episodeCount: records.count,
            pairKey: fit.pairKey, encoder: encoder.identity, settings: settings, imported: imported?.version,
            question: question)
        if let views = estimates.views(key) { return views }
        let views: [EvaluationView]
        do throws(SwitchingError) {
            views = body(
                try PolicyEvaluation(records, encoder: encoder, settings: settings, imported: imported?.body))
        } catch { throw .unavailable(what: "\(error)") }
        // What was cut off is no estimate.
        if Task.isCancelled { throw .disconnected }
        estimates.keep(views, key)
        return views
    }

    private func importedInForce(_ queue: QueueRecord) async throws(ControlError) -> Policy? {
        guard let policy = policies.policy(of: queue.name), policy.kind == queue.settings.switcher.kind else {
            return nil
        }
        let versions = try await answering { () async throws(StorageError) in
            try await reader.policyVersions(queue.name)
        }
        return versions.first { $0.version == policy.version }?.isImported == true ? policy : nil
    }

    /// - Parameter uid: counts this user's jobs alone: their metadata and the span of their features tell of them.
    private func map(
        _ parameters: MapPolicy.Parameters, uid: UInt32?
    ) async throws(ControlError) -> MapPolicy.Reply {
        let column = parameters.column ?? PolicyMap.Column.step.rawValue
        guard let column = PolicyMap.Column(rawValue: column) else {
            throw .invalidArgument(
                argument: "column", value: column,
                remedy: "use \(PolicyMap.Column.allCases.map(\.rawValue).joined(separator: " or "))")
        }
        let candidates = parameters.row.map { [$0] } ?? PolicyMap.usualRows
        for row in candidates {
            if let feature = PolicyMap.readableFeature(row) {
                let choices = try await choices(parameters.queue, metadata: nil, uid: uid)
                return PolicyMap(choices, feature: feature, named: row, column: column).reply
            }
            let choices = try await choices(parameters.queue, metadata: row, uid: uid)
            if choices.contains(where: { $0.word != nil }) {
                return PolicyMap(choices, metadata: row, column: column).reply
            }
        }
        throw .invalidArgument(
            argument: "row", value: parameters.row ?? "",
            remedy:
                "\(uid == nil ? "no job" : "no job of yours") has body.metadata with that member; the readable features are "
                + HashedEncoder.denseNames.joined(separator: ", "))
    }

    private func choices(
        _ queue: QueueName, metadata: String?, uid: UInt32?
    ) async throws(ControlError) -> [PolicyChoice] {
        try await answering { () async throws(StorageError) in
            try await store.makeAuditReader().policyChoices(
                queue, metadata: metadata, uid: uid, limit: PolicyMap.stepLimit)
        }
    }
}
