-- A price for DEEPTHINK calls, so that a day's budget lasts for a day's jobs.

-- auto: where the queue has a limit and its jobs do not wait for the next day.
ALTER TABLE queue ADD COLUMN pacing TEXT NOT NULL DEFAULT 'auto'
    CONSTRAINT queue_pacing_known CHECK (pacing = 'auto' OR pacing = 'on' OR pacing = 'off');

-- What a call cost on top of the queue's cost, in units of reward; NULL where the queue was not paced.
ALTER TABLE step ADD COLUMN price REAL CONSTRAINT step_price_not_negative CHECK (price >= 0);

-- How many jobs a queue was given in each quarter of an hour, counted as slots since 1970-01-01T00:00:00Z: every zone's
-- midnight lies between two of them. Quarters without a job have no row. Old ones go.
CREATE TABLE arrival (
    queue TEXT NOT NULL REFERENCES queue (name),
    slot INTEGER NOT NULL,
    jobs INTEGER NOT NULL CONSTRAINT arrival_jobs_positive CHECK (jobs >= 1),
    PRIMARY KEY (queue, slot)
) STRICT, WITHOUT ROWID;

-- What exploration used of a day in the other units too: its sub-budget holds for each limit.
ALTER TABLE budget_day ADD COLUMN exploration_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE budget_day ADD COLUMN exploration_gpu_ms INTEGER NOT NULL DEFAULT 0;
UPDATE budget_day SET (exploration_tokens, exploration_gpu_ms) = (
    SELECT coalesce(sum(prompt_tokens + generated_tokens), 0), coalesce(sum(gpu_ms), 0) FROM ledger_entry
    WHERE ledger_entry.day = budget_day.day AND ledger_entry.queue = budget_day.queue AND role = 'deepthink'
        AND is_exploration = 1);
DROP TRIGGER ledger_entry_counts;
-- The only writer of `budget_day`, so that no transaction can append without counting or count without appending.
CREATE TRIGGER ledger_entry_counts AFTER INSERT ON ledger_entry WHEN NEW.role = 'deepthink'
BEGIN
    INSERT INTO budget_day (
        queue, day, calls, tokens, gpu_ms, exploration_calls, exploration_tokens, exploration_gpu_ms)
    VALUES (
        NEW.queue, NEW.day, NEW.calls, NEW.prompt_tokens + NEW.generated_tokens, NEW.gpu_ms,
        NEW.calls * NEW.is_exploration, (NEW.prompt_tokens + NEW.generated_tokens) * NEW.is_exploration,
        NEW.gpu_ms * NEW.is_exploration)
    ON CONFLICT (queue, day) DO UPDATE SET
        calls = calls + excluded.calls,
        tokens = tokens + excluded.tokens,
        gpu_ms = gpu_ms + excluded.gpu_ms,
        exploration_calls = exploration_calls + excluded.exploration_calls,
        exploration_tokens = exploration_tokens + excluded.exploration_tokens,
        exploration_gpu_ms = exploration_gpu_ms + excluded.exploration_gpu_ms;
END;
