extension BookCheck {
    /// Further statements of the same shape as `sql`: what rows that belong together say about each other, column by
    /// column. Rows of jobs that are gone are in no join, and so in no difference.
    var linksSQL: [String] {
        switch self {
        case .steps: [Self.bookedColumns, Self.oneEntryEach, Self.useWithoutEntry, Self.replacedDrafts]
        case .reservations: [Self.reservedColumns, Self.quickReservations, Self.boundCharges, Self.jobLimits]
        case .jobs: [Self.jobSums, Self.answerTexts, Self.answerEnds]
        case .outcomes: [Self.outcomeOwners, Self.transitionCounts]
        case .events: [Self.grantEvents]
        case .chain, .file, .requests, .budgetDays, .dependencies, .pruned: []
        }
    }

    /// A grant that somebody wrote into the table has no event in the chain.
    private static let grantEvents = """
        SELECT 'grant ' || id || ' to queue ' || queue AS subject, 'an administrative event of it' AS expected,
            'none' AS found
        FROM budget_grant WHERE NOT EXISTS (
            SELECT 1 FROM admin_event WHERE action = 'budget.grant' AND subject = queue
                AND admin_event.at_ms = budget_grant.at_ms AND admin_event.uid = budget_grant.uid
                AND detail = format('calls=%d tokens=%d gpu-ms=%d from=%s until=%s', calls, tokens, gpu_ms,
                    date(first_day * 86400, 'unixepoch'), date(last_day * 86400, 'unixepoch')))
        """

    /// What `sql` does not compare of an entry and its step.
    private static let bookedColumns = """
        SELECT 'ledger entry ' || ledger_entry.seq || ' of step ' || step.id AS subject,
            format('%s by %s at %d, explored %d, episode %d, batch %d, user %d', step.state, step.model,
                step.ended_at_ms, step.is_exploration, step.episode, job.batch, job.submitter_uid) AS expected,
            format('%s by %s at %d, explored %d, episode %d, batch %d, user %d',
                iif(ledger_entry.kind = 'step', 'written', 'abandoned'), ledger_entry.model, ledger_entry.at_ms,
                ledger_entry.is_exploration, ledger_entry.episode, ledger_entry.batch, ledger_entry.submitter_uid)
                AS found
        FROM ledger_entry JOIN step ON step.id = ledger_entry.step JOIN episode ON episode.id = step.episode
            JOIN job ON job.id = episode.job
        WHERE expected <> found
        """

    private static let oneEntryEach = """
        SELECT 'step ' || step AS subject, 'one ledger entry' AS expected, count(*) || ' of them' AS found
        FROM ledger_entry GROUP BY step HAVING count(*) > 1
        """

    private static let useWithoutEntry = """
        SELECT 'step ' || step.id AS subject, 'a ledger entry of its ' || (prompt_tokens + generated_tokens)
            || ' tokens' AS expected, 'none' AS found
        FROM step WHERE state <> 'written' AND prompt_tokens + cached_tokens + generated_tokens + gpu_ms > 0
            AND NOT EXISTS (SELECT 1 FROM ledger_entry WHERE ledger_entry.step = step.id)
        """

    private static let replacedDrafts = """
        SELECT 'draft ' || draft.id AS subject, 'a DEEPTHINK step in its place' AS expected, 'none' AS found
        FROM step AS draft WHERE draft.draft = 'replaced' AND NOT EXISTS (
            SELECT 1 FROM step WHERE step.episode = draft.episode AND step.idx = draft.idx AND step.id > draft.id
                AND step.role = 'deepthink' AND step.attempt = draft.attempt AND step.epoch = draft.epoch)
        """

    private static let reservedColumns = """
        SELECT 'reservation ' || reservation.id || ' of step ' || step.id AS subject,
            format('queue %s, day %d, job %d, attempt %d, epoch %d, explored %d, 1 call', job.queue, step.day, job.id,
                step.attempt, step.epoch, step.is_exploration) AS expected,
            format('queue %s, day %d, job %d, attempt %d, epoch %d, explored %d, %d call', reservation.queue,
                reservation.day, reservation.job, reservation.attempt, reservation.epoch, reservation.is_exploration,
                reservation.calls) AS found
        FROM reservation JOIN step ON step.id = reservation.step JOIN episode ON episode.id = step.episode
            JOIN job ON job.id = episode.job
        WHERE expected <> found
        """

    private static let quickReservations = """
        SELECT 'reservation ' || reservation.id || ' of step ' || step.id AS subject,
            'none, as QUICK wrote it' AS expected, reservation.state AS found
        FROM reservation JOIN step ON step.id = reservation.step WHERE step.role = 'quick'
        """

    private static let boundCharges = """
        SELECT 'ledger entry ' || ledger_entry.seq || ' of step ' || ledger_entry.step AS subject,
            format('what was reserved, %d tokens and %d ms', reservation.tokens, reservation.gpu_ms) AS expected,
            format('what was reserved, %d tokens and %d ms', ledger_entry.generated_tokens, ledger_entry.gpu_ms)
                AS found
        FROM ledger_entry JOIN reservation ON reservation.step = ledger_entry.step
        WHERE ledger_entry.kind = 'bound' AND expected <> found
        """

    /// A queue's limit may have been another when the calls were made, so it is the job's own that can be checked.
    private static let jobLimits = """
        SELECT 'episode ' || episode.id || ' of job ' || job.id AS subject,
            'at most ' || job.deepthink_calls || ' calls' AS expected, count(*) || ' of them' AS found
        FROM job CROSS JOIN episode ON episode.job = job.id CROSS JOIN step ON step.episode = episode.id
            JOIN reservation ON reservation.step = step.id AND reservation.state <> 'released'
        WHERE job.deepthink_calls IS NOT NULL
        GROUP BY episode.id HAVING count(*) > job.deepthink_calls
        """

    /// The order of the joins is given, so that the rows come by job and need no sorting.
    private static let jobSums = """
        SELECT 'job ' || job.id AS subject,
            format('steps worth %d prompt, %d cached, %d generated, %d ms', sum(step.prompt_tokens),
                sum(step.cached_tokens), sum(step.generated_tokens), sum(step.gpu_ms)) AS expected,
            format('steps worth %d prompt, %d cached, %d generated, %d ms', sum(ledger_entry.prompt_tokens),
                sum(ledger_entry.cached_tokens), sum(ledger_entry.generated_tokens), sum(ledger_entry.gpu_ms)) AS found
        FROM job CROSS JOIN episode ON episode.job = job.id CROSS JOIN step ON step.episode = episode.id
            LEFT JOIN ledger_entry ON ledger_entry.step = step.id AND ledger_entry.job = job.id
        GROUP BY job.id HAVING expected <> found
        """

    /// An environment's answer is its own; any other is what its steps wrote.
    private static let answerTexts = """
        SELECT 'answer of episode ' || answer.episode AS subject,
            'the texts of its steps, ' || length(written.text) || ' characters' AS expected,
            'another text, ' || length(answer.text) || ' characters' AS found
        FROM answer JOIN (
            SELECT answer.episode AS episode, coalesce((
                SELECT group_concat(step.text, '') OVER (
                    ORDER BY step.idx ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING)
                FROM step WHERE step.episode = answer.episode AND step.state = 'written' LIMIT 1), '') AS text
            FROM answer) AS written ON written.episode = answer.episode
        WHERE answer.text <> written.text AND NOT EXISTS (
            SELECT 1 FROM outcome WHERE outcome.episode = answer.episode AND outcome.source = 'environment')
        """

    private static let answerEnds = """
        SELECT 'answer of episode ' || episode.id AS subject, coalesce(episode.end_reason, 'no end') AS expected,
            answer.end_reason AS found
        FROM answer JOIN episode ON episode.id = answer.episode WHERE expected <> found
        """

    private static let outcomeOwners = """
        SELECT 'outcome ' || outcome.seq AS subject, format('job %d of queue %s', job.id, job.queue) AS expected,
            format('job %d of queue %s', outcome.job, outcome.queue) AS found
        FROM outcome JOIN episode ON episode.id = outcome.episode JOIN job ON job.id = episode.job
        WHERE expected <> found
        """

    private static let transitionCounts = """
        SELECT 'outcome ' || outcome.seq AS subject, 'transitions of ' || (
                SELECT count(*) FROM step WHERE step.episode = outcome.episode AND step.state = 'written') || ' steps'
                AS expected,
            'transitions of ' || (
                SELECT count(*) FROM transition JOIN step ON step.id = transition.step
                WHERE transition.outcome = outcome.seq AND step.episode = outcome.episode) || ' steps' AS found
        FROM outcome WHERE expected <> found
        """
}
