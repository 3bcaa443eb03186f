import Control
import Domain
import Episodes
import FoundationEssentials
import Storage
import Switching

extension ControlService {
    /// Far more than any encoder's policy takes.
    private static let importByteLimit = 8 * 1024 * 1024

    /// Keeps a policy from a file as the queue's next version, under that number and with the file's own account of what
    /// it was learnt from.
    func importPolicy(
        _ parameters: ImportPolicy.Parameters, by user: User
    ) async throws(ControlError) -> PolicyVersionView {
        let queue = try await queue(parameters.queue)
        let encoder = await texts.encoder
        let pairKey = await pair.pairKey(encoder)
        let policy = try fitting(parameters.data, queue, encoder, pairKey)
        let (state, versions) = try await answering { () async throws(StorageError) in
            (try await reader.policyState(queue.name), try await reader.policyVersions(queue.name))
        }
        let next = (versions.last?.version ?? 0) + 1
        var snapshot = NewPolicySnapshot(
            queue: queue.name, version: next, pairKey: pairKey, kind: policy.kind.rawValue,
            encoder: policy.encoderIdentity, weights: policy.renumbered(next).bytes,
            trainedThroughOutcome: policy.throughOutcome, episodeCount: policy.episodeCount, verdict: .forced,
            incumbent: state?.version, isImported: true)
        if !parameters.force {
            let trial = try await trial(of: policy, queue, encoder, pairKey, versions)
            snapshot.verdict = trial.verdict
            snapshot.trial = trial.estimates
            snapshot.explorationRate = trial.explorationRate
        }
        let finished = snapshot
        let kept = try await answering { () async throws(StorageError) in
            try await store.savePolicySnapshot(finished, by: user, now: clock.now())
        }
        await learner.reload(queue)
        let stored = try await answering { () async throws(StorageError) in
            try await reader.policySnapshot(queue.name, version: kept.version)
        }
        guard let stored else {
            throw .notFound(kind: "policy", name: "\(kept.version) of queue \(queue.name)")
        }
        return PolicyVersionView(stored, isCurrent: kept.event != nil)
    }

    /// The file's policy, where it could act in this queue.
    private func fitting(
        _ data: String, _ queue: QueueRecord, _ encoder: any FeatureEncoder, _ pairKey: String
    ) throws(ControlError) -> Policy {
        guard data.utf8.count <= Self.importByteLimit, let bytes = Data(base64Encoded: data) else {
            throw .invalidArgument(
                argument: "data", value: "\(data.utf8.count) bytes", remedy: "give a policy's bytes in base64")
        }
        do throws(SwitchingError) {
            let policy = try Policy(bytes: [UInt8](bytes))
            try policy.check(encoder: encoder, pairKey: pairKey)
            guard policy.kind == queue.settings.switcher.kind else {
                throw SwitchingError.policyMismatch(
                    what: "switcher", policy: policy.kind.rawValue, inUse: queue.settings.switcher.kind.rawValue)
            }
            return policy
        } catch {
            throw .invalidArgument(
                argument: "data", value: "\(bytes.count) bytes",
                remedy: "import what `londictl policy export` wrote for this pair and encoder: \(error)")
        }
    }

    private func trial(
        of policy: Policy, _ queue: QueueRecord, _ encoder: any FeatureEncoder, _ pairKey: String,
        _ versions: [PolicySnapshot]
    ) async throws(ControlError) -> PolicyTrial {
        let history = try await answering { () async throws(StorageError) in
            try await reader.trainingEpisodes(queue: queue.name, limit: LearnerLoop.episodeLimit, .fair)
        }
        let fit = PolicyFit(
            kind: policy.kind, cost: queue.settings.switcher.cost, encoderIdentity: encoder.identity,
            featureCount: encoder.featureCount, pairKey: pairKey, version: policy.version)
        guard let incumbent = policies.policy(of: queue.name),
            fit.trialRecords(history).count >= PolicyTrial.fewestEpisodes
        else {
            throw .conflict(
                what:
                    "queue \(queue.name) has no policy in force or fewer than \(PolicyTrial.fewestEpisodes) judged episodes to try "
                    + "another on", remedy: "`--force` puts the file's policy in force without a trial")
        }
        let isLearnt = versions.first { $0.version == incumbent.version }?.origin != nil
        let trial: PolicyTrial?
        do throws(SwitchingError) {
            trial = try fit.trial(
                on: history, of: policy, against: incumbent, isIncumbentLearnt: isLearnt,
                explorationRate: queue.settings.switcher.explorationRate)
        } catch { throw .unavailable(what: "\(error)") }
        if let trial { return trial }
        throw .conflict(
            what: "queue \(queue.name) has too few episodes to try a policy on",
            remedy: "`--force` puts the file's policy in force without a trial")
    }
}

extension Policy {
    /// The same under another version.
    fileprivate func renumbered(_ version: Int64) -> Policy {
        Policy(
            kind: kind, version: version, encoderIdentity: encoderIdentity, pairKey: pairKey, body: body,
            episodeCount: episodeCount, throughOutcome: throughOutcome)
    }
}
