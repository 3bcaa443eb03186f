import Control
import Domain
import Hashing
import Storage
import Switching

/// Learns published versions of a policy again from what is stored, to see whether they come out the same, bit for bit.
struct PolicyReplay: Sendable {
    /// An audit's.
    let reader: StoreReader

    /// - Parameter snapshot: from a list of versions.
    func replay(_ snapshot: PolicySnapshot) async throws(StorageError) -> PolicyReplayView {
        func view(_ verdict: ReplayVerdict, _ reason: String? = nil) -> PolicyReplayView {
            PolicyReplayView(version: snapshot.version, verdict: verdict, reason: reason)
        }
        guard let weights = try await reader.policySnapshot(snapshot.queue, version: snapshot.version)?.weights,
            hexadecimal(SHA256.digest(of: weights)) == snapshot.sha256
        else { return view(.different, "its stored weights do not have their hash \(snapshot.sha256)") }
        if snapshot.isImported { return view(.notReproducible, "it came from a file and was not learnt here") }
        guard let origin = snapshot.origin else {
            return view(.notReproducible, "it was published before londid kept what it was learnt with")
        }
        guard let kind = SwitcherKind(rawValue: snapshot.kind), learner(for: kind) != nil else {
            return view(.notReproducible, "this londid has no learner '\(snapshot.kind)'")
        }
        let history = try await history(of: snapshot, origin)
        do throws(SwitchingError) {
            let policy = try Policy(bytes: weights)
            guard policy.pairKey == snapshot.pairKey, policy.encoderIdentity == snapshot.encoder else {
                return view(.different, "its weights were learnt for '\(policy.pairKey)'")
            }
            let fit = PolicyFit(
                kind: kind, cost: origin.cost, encoderIdentity: snapshot.encoder,
                featureCount: policy.body.featureCount, pairKey: snapshot.pairKey,
                version: snapshot.version, priorWeight: origin.priorWeight)
            let count = fit.usable(history).count
            guard count == origin.trainedEpisodes else {
                let what = "\(count) of its \(origin.trainedEpisodes) episodes are stored"
                return count < origin.trainedEpisodes
                    ? view(.notReproducible, "\(what); the others are gone") : view(.different, what)
            }
            let learnt = hexadecimal(SHA256.digest(of: try fit.policy(from: history)?.bytes ?? []))
            return learnt == snapshot.sha256
                ? view(.identical) : view(.different, "\(snapshot.sha256) was published, \(learnt) is learnt")
        } catch {
            if case .cancelled = error { throw .cancelled }
            return view(.different, "\(error)")
        }
    }

    private func history(
        of snapshot: PolicySnapshot, _ origin: PolicyOrigin
    ) async throws(StorageError) -> TrainingEpisodes {
        try await reader.trainingEpisodes(
            queue: snapshot.queue, fromOutcome: origin.firstOutcome, throughOutcome: snapshot.trainedThroughOutcome,
            limit: LearnerLoop.episodeLimit, origin.userEpisodes.map { .most($0) } ?? .any)
    }
}
