package import Domain

extension Store {
    /// Keeps how an environment began an episode. Nothing changes where the claim no longer holds.
    package func recordOpening(_ opening: Opening, _ claim: Claim) throws(StorageError) {
        try transaction { () throws(StorageError) in
            try database.run(
                """
                UPDATE episode SET goal = ?, opening = ?, environment_steps = ?
                WHERE id = ? AND goal IS NULL AND EXISTS (\(Self.claimSQL))
                """, opening.goal, opening.observation, opening.maxSteps, claim.episode.number, claim.job.number,
                claim.attempt, claim.epoch.number, claim.episode.number)
        }
    }

    /// Keeps what an environment answered to a written step, with its reward. Nothing changes where the claim no longer
    /// holds, or where there is an answer already.
    /// - Precondition: the reward is a finite number (traps).
    package func recordObservation(
        _ observation: Observation, ofStepAt index: Int, _ claim: Claim
    ) throws(StorageError) {
        precondition(observation.reward.isFinite, "a reward is a finite number")
        try transaction { () throws(StorageError) in
            try database.run(
                """
                UPDATE step SET observation = ?, reward = ?, environment_end = ?, is_success = ?
                WHERE episode = ? AND idx = ? AND state = 'written' AND observation IS NULL
                    AND EXISTS (\(Self.claimSQL))
                """, observation.text, observation.reward, observation.end?.rawValue, observation.success,
                claim.episode.number, index, claim.job.number, claim.attempt, claim.epoch.number,
                claim.episode.number)
        }
    }

    private static let claimSQL =
        "SELECT 1 FROM job WHERE id = ? AND state = 'running' AND attempt = ? AND epoch = ? AND episode = ?"
}
