package import Domain

extension Store {
    /// Begins a step: reads the day's budget, lets `choose` decide, records the decision and reserves DEEPTHINK's worst
    /// case, all in one transaction, so that no two steps can both count on the same rest of the day.
    /// - Parameter choose: gets the day's budget and the reason why DEEPTHINK is masked, nil where it is not.
    /// - Precondition: a masked DEEPTHINK is not chosen; the step before it has ended (both trap).
    package func beginStep(
        _ start: StepStart, choose: @Sendable (BudgetDay, MaskReason?) -> StepChoice
    ) throws(StorageError) -> BegunStep {
        var notice: BudgetNotice?
        let begun = try transaction { () throws(StorageError) -> BegunStep in
            guard let queue = try queueOfRunning(start.claim) else { return .superseded }
            let budget = try observe(queue, clockDay: start.day)
            let worstCase = start.worstCase.asOneStep
            let mask = budget.mask(for: worstCase)
            if mask != nil { notice = try noticeIfExhausted(budget, of: queue, for: worstCase, now: start.now) }
            switch choose(budget, mask) {
            case .hold(let reason): return .hold(reason, budget)
            case .wait(let reason): return .wait(reason)
            case .fail(let reason): return .fail(reason, budget)
            case .write(let decision, let features):
                precondition(mask == nil || decision.role == .quick, "DEEPTHINK was chosen although it is masked")
                precondition(decision.propensity > 0 && decision.propensity <= 1, "a propensity is in (0, 1]")
                let step = try insert(start, decision, features: features, budget: budget)
                if decision.role == .deepthink { try reserve(worstCase, for: step, start, decision, budget.day, queue) }
                return .begun(step, decision, budget)
            }
        }
        if let notice { notices.append(notice) }
        return begun
    }

    /// Ends a step that was written, with what it really took: step, ledger, day's counters and reservation at once.
    /// Also for a job that was cancelled meanwhile: its use is no less real.
    /// - Parameter reward: an environment's, for this step alone.
    package func finishStep(
        _ step: StepID, _ claim: Claim, _ generated: Generated, reward: Double? = nil, now: Timestamp
    ) throws(StorageError) -> StepSettlement {
        try end(step, claim, now: now) { running throws(StorageError) in
            try running.settle(generated, isComplete: true, reward: reward, database, now: now)
        }
    }

    /// Ends a step that was cut off; the next claim writes it anew.
    package func abandonStep(
        _ step: StepID, _ claim: Claim, _ use: AbandonedUse, now: Timestamp
    ) throws(StorageError) -> StepSettlement {
        try end(step, claim, now: now) { running throws(StorageError) in
            switch use {
            case .none: try running.abandonUnused(database, now: now)
            case .measured(let part): try running.settle(part, isComplete: false, reward: nil, database, now: now)
            case .unknown: try running.chargeBound(database, now: now)
            }
        }
    }

    private func end(
        _ step: StepID, _ claim: Claim, now: Timestamp, _ settle: (RunningStep) throws(StorageError) -> Void
    ) throws(StorageError) -> StepSettlement {
        var notice: BudgetNotice?
        let settlement = try transaction { () throws(StorageError) -> StepSettlement in
            guard let running = try RunningStep.load(step, database), running.belongs(to: claim) else { return .stale }
            try settle(running)
            if running.role == .deepthink {
                notice = try noticeIfScarce(running.queue, day: running.day, now: now)
            }
            return .settled
        }
        if let notice { notices.append(notice) }
        return settlement
    }

    private func queueOfRunning(_ claim: Claim) throws(StorageError) -> String? {
        try database.first(
            "SELECT queue FROM job WHERE id = ? AND state = 'running' AND attempt = ? AND epoch = ? AND episode = ?",
            claim.job.number, claim.attempt, claim.epoch.number, claim.episode.number
        ) { (row: Row) throws(StorageError) in try row.text("queue") }
    }

    /// Days never go backwards: a clock set back neither grants a day twice nor reopens a past one.
    func observe(_ queue: String, clockDay: DayKey) throws(StorageError) -> BudgetDay {
        try database.run(
            "UPDATE queue SET last_day = ?1 WHERE name = ?2 AND (last_day IS NULL OR last_day < ?1)",
            clockDay.daysSinceEpoch, queue)
        guard let budget = try BudgetDay.load(queue: queue, clockDay: clockDay, database) else {
            preconditionFailure("a job's queue exists")
        }
        return budget
    }

    private func insert(
        _ start: StepStart, _ decision: Decision, features: [Float], budget: BudgetDay
    ) throws(StorageError) -> StepID {
        // An episode that goes on under another pair or encoder teaches of neither.
        try database.run(
            """
            UPDATE episode SET pair_key = CASE WHEN pair_key IS NULL THEN ?1 ELSE ?3 END
            WHERE id = ?2 AND pair_key IS NOT ?1
            """, start.pairKey, start.claim.episode.number, StepStart.mixedPairKey)
        return StepID(
            try database.insert(
                into: "step",
                [
                    "episode": start.claim.episode.number, "idx": start.index, "state": "running",
                    "attempt": start.claim.attempt, "epoch": start.claim.epoch.number, "role": decision.role.rawValue,
                    "value_quick": decision.values?.quick, "value_deepthink": decision.values?.deepthink,
                    "propensity": decision.propensity, "mask_reason": decision.maskReason?.rawValue,
                    "is_exploration": decision.isExploration, "seed": Int64(bitPattern: decision.seed),
                    "policy_version": decision.policyVersion, "features": bytesOfFloats(features),
                    "day": budget.day.daysSinceEpoch, "budget_share": budget.remainingShare,
                    "model": decision.role == .quick ? start.quickModel : start.deepthinkModel,
                    "started_at_ms": start.now.milliseconds,
                ]))
    }

    private func reserve(
        _ worstCase: Spend, for step: StepID, _ start: StepStart, _ decision: Decision, _ day: DayKey, _ queue: String
    ) throws(StorageError) {
        _ = try database.insert(
            into: "reservation",
            [
                "step": step.number, "queue": queue, "day": day.daysSinceEpoch, "job": start.claim.job.number,
                "attempt": start.claim.attempt, "epoch": start.claim.epoch.number, "calls": worstCase.calls,
                "tokens": worstCase.tokens, "gpu_ms": worstCase.gpuMilliseconds,
                "is_exploration": decision.isExploration, "state": "open",
            ])
    }
}
