package import Domain
internal import Hashing

extension Store {
    /// Publishes a policy of a queue under its next version, and returns that.
    /// - Throws: `.noSuchQueue`.
    package func savePolicySnapshot(_ snapshot: NewPolicySnapshot, now: Timestamp) throws(StorageError) -> Int64 {
        try transaction { () throws(StorageError) in
            guard try settingsOfQueue(snapshot.queue) != nil else { throw .noSuchQueue(snapshot.queue) }
            let version =
                try database.count(
                    "SELECT coalesce(max(version), 0) AS n FROM policy_snapshot WHERE queue = ?", snapshot.queue.text)
                + 1
            _ = try database.insert(
                into: "policy_snapshot",
                [
                    "queue": snapshot.queue.text, "version": version, "pair_key": snapshot.pairKey,
                    "kind": snapshot.kind, "encoder": snapshot.encoder,
                    "sha256": hexadecimal(SHA256.digest(of: snapshot.weights)),
                    "weights": snapshot.weights, "trained_through_outcome": snapshot.trainedThroughOutcome,
                    "episode_count": snapshot.episodeCount, "created_at_ms": now.milliseconds,
                    "cost": snapshot.origin?.cost, "first_outcome": snapshot.origin?.firstOutcome,
                    "trained_episodes": snapshot.origin?.trainedEpisodes,
                    "prior_weight": snapshot.origin?.priorWeight,
                ])
            return version
        }
    }
}
