package import Domain

extension Store {
    /// Begins a step: reads the day's and the job's budget, lets `choose` decide, records the decision and reserves
    /// DEEPTHINK's worst case, all in one transaction, so that no two steps can both count on the same rest of the day, and
    /// no job makes a call more than it may. A draft is booked in it too, whatever comes of it.
    /// - Parameter choose: gets the budget and the reason why DEEPTHINK is masked, nil where it is not.
    /// - Precondition: a masked DEEPTHINK is not chosen; the step before it has ended (both trap).
    package func beginStep(
        _ start: StepStart, choose: @Sendable (StepBudget, MaskReason?) -> StepChoice
    ) throws(StorageError) -> BegunStep {
        var notice: BudgetNotice?
        let begun = try transaction { () throws(StorageError) -> BegunStep in
            guard let running = try running(start.claim) else {
                try bookDroppedDraft(of: start)
                return .superseded
            }
            let day = try observe(running.queue, clockDay: start.day)
            let budget = StepBudget(day: day, jobCalls: try jobCalls(running.callLimit, start.claim.episode))
            let worstCase = start.worstCase.asOneStep
            let mask = budget.mask(for: worstCase)
            if day.mask(for: worstCase) != nil {
                notice = try noticeIfExhausted(day, of: running.queue, for: worstCase, now: start.now)
            }
            let choice = choose(budget, mask)
            guard case .write(let decision, let features) = choice else {
                try bookDroppedDraft(of: start)
                return choice.withoutStep(day)
            }
            precondition(mask == nil || decision.role == .quick, "DEEPTHINK was chosen although it is masked")
            precondition(decision.propensity > 0 && decision.propensity <= 1, "a propensity is in (0, 1]")
            if let draft = start.draft {
                if decision.role == .quick {
                    let step = try insert(start, decision, features: features, budget: day, draft: .kept)
                    try book(draft, as: step, isComplete: true, now: start.now)
                    return .begun(step, decision, day)
                }
                try bookUnused(draft, of: start, .replaced, decision, budget: day)
            }
            let step = try insert(start, decision, features: features, budget: day)
            if decision.role == .deepthink {
                try reserve(worstCase, for: step, start, decision, day.day, running.queue)
            }
            return .begun(step, decision, day)
        }
        if let notice { notices.append(notice) }
        return begun
    }

    /// Ends a step that was written, with what it really took: step, ledger, day's counters and reservation at once.
    /// Also for a job that was cancelled meanwhile: its use is no less real.
    /// - Parameter confirmsDraft: DEEPTHINK wrote what QUICK had drafted; nil where there was no draft.
    package func finishStep(
        _ step: StepID, _ claim: Claim, _ generated: Generated, confirmsDraft: Bool? = nil, now: Timestamp
    ) throws(StorageError) -> StepSettlement {
        try end(step, claim, now: now) { running throws(StorageError) in
            try running.settle(generated, isComplete: true, confirmsDraft: confirmsDraft, database, now: now)
        }
    }

    /// Ends a step that was cut off; the next claim writes it anew.
    package func abandonStep(
        _ step: StepID, _ claim: Claim, _ use: AbandonedUse, now: Timestamp
    ) throws(StorageError) -> StepSettlement {
        try end(step, claim, now: now) { running throws(StorageError) in
            switch use {
            case .none: try running.abandonUnused(database, now: now)
            case .measured(let part): try running.settle(part, isComplete: false, database, now: now)
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

    /// The queue of a claimed job and the most DEEPTHINK calls of its episode; nil where the claim no longer holds.
    private func running(_ claim: Claim) throws(StorageError) -> (queue: String, callLimit: Int?)? {
        try database.first(
            """
            SELECT job.queue, job.deepthink_calls, queue.deepthink_calls_per_job
            FROM job JOIN queue ON queue.name = job.queue
            WHERE job.id = ? AND job.state = 'running' AND job.attempt = ? AND job.epoch = ? AND job.episode = ?
            """, claim.job.number, claim.attempt, claim.epoch.number, claim.episode.number
        ) { (row: Row) throws(StorageError) in
            let limits = [
                try row.optionalInteger("deepthink_calls"), try row.optionalInteger("deepthink_calls_per_job"),
            ]
            return (queue: try row.text("queue"), callLimit: limits.compactMap(\.self).min().map { Int($0) })
        }
    }

    /// A reservation is a call, unless it was given back unused: so one that a crash cut off is counted, and no number of
    /// crashes yields a call more.
    private func jobCalls(_ limit: Int?, _ episode: EpisodeID) throws(StorageError) -> JobCalls? {
        guard let limit else { return nil }
        let made = try database.count(
            """
            SELECT count(*) AS n FROM step JOIN reservation ON reservation.step = step.id
            WHERE step.episode = ? AND reservation.state <> 'released'
            """, episode.number)
        return JobCalls(limit: limit, made: Int(made))
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

    /// Records a step as running.
    func insert(
        _ start: StepStart, _ decision: Decision, features: [Float], budget: BudgetDay, draft: DraftFate? = nil
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
                    "policy_version": decision.policyVersion, "price": decision.price,
                    "features": bytesOfFloats(features),
                    "day": budget.day.daysSinceEpoch, "budget_share": budget.remainingShare,
                    "model": decision.role == .quick ? start.quickModel : start.deepthinkModel,
                    "started_at_ms": (draft == nil ? start.now : start.draft?.startedAt ?? start.now).milliseconds,
                    "draft": draft?.rawValue,
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

extension StepChoice {
    /// What came of the step where none is written.
    fileprivate func withoutStep(_ budget: BudgetDay) -> BegunStep {
        switch self {
        case .hold(let unit): .hold(unit, budget)
        case .wait(let unit): .wait(unit)
        case .fail(let unit): .fail(unit, budget)
        case .write: preconditionFailure("a step that is written is begun")
        }
    }
}
