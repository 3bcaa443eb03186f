internal import Domain

/// One thing that must be true of the books at any moment between two transactions.
package enum BookCheck: String, Sendable, CaseIterable {
    /// Each ledger entry has its own seal, and the seal of the entry before.
    case chain
    /// The database file is sound.
    case file
    /// Each administrative event has its own seal, and the seal of the event before.
    case events
    /// Each job asks for what was submitted.
    case requests
    /// Each budget day's counters are the sums of its DEEPTHINK ledger entries.
    case budgetDays = "budget-days"
    /// Each ledger entry says what its step says, unless its job was pruned, each written step has an entry, and a replaced
    /// draft has a DEEPTHINK step.
    case steps
    /// A reservation is open exactly while its step runs, settled exactly by a ledger entry, and of its step alone; no
    /// episode has more than its job's limit.
    case reservations
    /// A job has ended exactly when its episode has, a completed one has the answer that its steps wrote, and its steps
    /// add up to its ledger entries.
    case jobs
    /// No job waits for others that have all ended.
    case dependencies
    /// A job's reward is that of its latest outcome, and an outcome's transitions add up to it.
    case outcomes
    /// What is left of a pruned job are the sums of its ledger entries, and the job itself is gone.
    case pruned

    /// A statement that has one row (subject, expected, found) for each difference; nil for checks that are code.
    var sql: String? {
        switch self {
        case .chain, .file, .events, .requests: nil
        case .budgetDays:
            """
            WITH summed AS (
                SELECT queue, day, sum(calls) AS calls, sum(prompt_tokens + generated_tokens) AS tokens,
                    sum(gpu_ms) AS gpu_ms, sum(calls * is_exploration) AS exploration,
                    sum((prompt_tokens + generated_tokens) * is_exploration) AS exploration_tokens,
                    sum(gpu_ms * is_exploration) AS exploration_gpu_ms
                FROM ledger_entry WHERE role = 'deepthink' GROUP BY queue, day),
            both AS (
                SELECT queue, day FROM summed UNION SELECT queue, day FROM budget_day)
            SELECT 'queue ' || both.queue || ' day ' || both.day AS subject,
                format('%d calls, %d tokens, %d ms, %d explored (%d, %d)', summed.calls, summed.tokens,
                    summed.gpu_ms, summed.exploration, summed.exploration_tokens, summed.exploration_gpu_ms)
                    AS expected,
                format('%d calls, %d tokens, %d ms, %d explored (%d, %d)', counted.calls, counted.tokens,
                    counted.gpu_ms, counted.exploration_calls, counted.exploration_tokens,
                    counted.exploration_gpu_ms) AS found
            FROM both LEFT JOIN summed USING (queue, day) LEFT JOIN budget_day AS counted USING (queue, day)
            WHERE expected <> found
            """
        case .steps:
            """
            SELECT 'ledger entry ' || seq || ' of step ' || ledger_entry.step AS subject,
                coalesce(format('%s, prompt %d, cached %d, generated %d, %d ms, job %d, queue %s, day %d', step.role,
                    step.prompt_tokens, step.cached_tokens, step.generated_tokens, step.gpu_ms, job.id, job.queue,
                    step.day), 'a step') AS expected,
                format('%s, prompt %d, cached %d, generated %d, %d ms, job %d, queue %s, day %d', ledger_entry.role,
                    ledger_entry.prompt_tokens, ledger_entry.cached_tokens, ledger_entry.generated_tokens,
                    ledger_entry.gpu_ms, ledger_entry.job, ledger_entry.queue, ledger_entry.day) AS found
            FROM ledger_entry LEFT JOIN step ON step.id = ledger_entry.step
                LEFT JOIN episode ON episode.id = step.episode LEFT JOIN job ON job.id = episode.job
            WHERE (step.id IS NULL AND NOT EXISTS (SELECT 1 FROM pruned_job WHERE pruned_job.job = ledger_entry.job))
                OR (step.id IS NOT NULL AND expected <> found)
            UNION ALL
            SELECT 'step ' || step.id, iif(step.state = 'running', 'no ledger entry', 'a ledger entry'),
                iif(ledger_entry.seq IS NULL, 'none', 'entry ' || ledger_entry.seq)
            FROM step LEFT JOIN ledger_entry ON ledger_entry.step = step.id
            WHERE (step.state = 'written' AND ledger_entry.seq IS NULL)
                OR (step.state = 'running' AND ledger_entry.seq IS NOT NULL)
            """
        case .reservations:
            """
            SELECT 'reservation of step ' || step.id AS subject,
                CASE WHEN step.state = 'running' THEN 'open'
                    WHEN ledger_entry.seq IS NULL THEN 'released' ELSE 'settled' END AS expected,
                coalesce(reservation.state, 'none') AS found
            FROM step LEFT JOIN reservation ON reservation.step = step.id
                LEFT JOIN ledger_entry ON ledger_entry.step = step.id
            WHERE step.role = 'deepthink' AND expected <> found
            """
        case .jobs:
            """
            SELECT 'job ' || job.id AS subject,
                iif(job.ended_at_ms IS NULL, 'a current episode', 'an ended episode') AS expected,
                iif(episode.ended_at_ms IS NULL, 'a current one, ', 'an ended one, ') || episode.id AS found
            FROM job JOIN episode ON episode.id = job.episode
            WHERE (job.ended_at_ms IS NULL) <> (episode.ended_at_ms IS NULL)
            UNION ALL
            SELECT 'job ' || job.id, 'an answer', 'none'
            FROM job LEFT JOIN answer ON answer.episode = job.episode
            WHERE job.state = 'completed' AND answer.episode IS NULL
            UNION ALL
            SELECT 'job ' || job, 'at most one current episode', count(*) || ' of them'
            FROM episode WHERE ended_at_ms IS NULL GROUP BY job HAVING count(*) > 1
            """
        case .dependencies:
            """
            SELECT 'job ' || job.id AS subject, 'a job that it needs and that has not ended' AS expected,
                'none' AS found
            FROM job
            WHERE job.state IN ('pending', 'held', 'running') AND job.pending_reason = 'Dependency' AND NOT EXISTS (
                SELECT 1 FROM dependency JOIN job AS need ON need.id = dependency.needs
                WHERE dependency.job = job.id AND need.ended_at_ms IS NULL)
            """
        case .outcomes:
            """
            SELECT 'job ' || job.id AS subject, 'reward ' || coalesce(outcome.reward, 'none') AS expected,
                'reward ' || coalesce(job.reward, 'none') AS found
            FROM job LEFT JOIN outcome ON outcome.seq = (SELECT max(seq) FROM outcome WHERE episode = job.episode)
            WHERE expected <> found
            UNION ALL
            SELECT 'outcome ' || outcome.seq, 'transitions worth ' || outcome.reward, 'worth ' || sum(transition.reward)
            FROM outcome JOIN transition ON transition.outcome = outcome.seq
            GROUP BY outcome.seq HAVING abs(sum(transition.reward) - outcome.reward) > 1e-6
            """
        case .pruned:
            """
            WITH summed AS (
                SELECT entry.job, count(*) AS entry_count, \(PrunedSums.columns)
                FROM ledger_entry AS entry WHERE entry.job IN (SELECT job FROM pruned_job) GROUP BY entry.job)
            SELECT 'pruned job ' || kept.job AS subject, \(prunedText("summed")) AS expected,
                \(prunedText("kept")) AS found
            FROM pruned_job AS kept LEFT JOIN summed ON summed.job = kept.job
            WHERE expected <> found
            UNION ALL
            SELECT 'pruned job ' || job.id, 'no job of that number', 'one that is ' || job.state
            FROM pruned_job JOIN job ON job.id = pruned_job.job
            """
        }
    }

    /// The sums of a row, as one text.
    private func prunedText(_ table: String) -> String {
        let columns =
            ["entry_count"]
            + Role.allCases.flatMap { role in
                ["calls", "tokens", "gpu_ms"].map { "\(role.rawValue)_\($0)" }
            }
        let places = "%d entries, QUICK %d calls, %d tokens, %d ms, DEEPTHINK %d calls, %d tokens, %d ms"
        return "format('\(places)', \(columns.map { "\(table).\($0)" }.joined(separator: ", ")))"
    }
}
