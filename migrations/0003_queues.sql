-- How many of a queue's jobs run at once, its share of the turns, and whether it takes new jobs.

-- NULL is no limit. Claim counts the running jobs of a queue in `job_unfinished`.
ALTER TABLE queue ADD COLUMN max_running INTEGER
    CONSTRAINT queue_max_running_positive CHECK (max_running >= 1);
-- How many turns it gets for each turn of a queue whose share is 1.
ALTER TABLE queue ADD COLUMN share INTEGER NOT NULL DEFAULT 1
    CONSTRAINT queue_share_in_range CHECK (share BETWEEN 1 AND 100);
-- It takes no new jobs; those it has run to their end.
ALTER TABLE queue ADD COLUMN is_draining INTEGER NOT NULL DEFAULT 0
    CONSTRAINT queue_is_draining_boolean CHECK (is_draining IN (0, 1));
-- For how long ended jobs are kept, in days of 24 hours; NULL is for ever.
ALTER TABLE queue ADD COLUMN retention_days INTEGER
    CONSTRAINT queue_retention_days_positive CHECK (retention_days >= 1);

-- Prune: has a batch a job that has not ended? Without it each step would read all jobs of a large batch that has.
CREATE INDEX job_unended_of_batch ON job (batch) WHERE batch IS NOT NULL AND ended_at_ms IS NULL;

-- What is left of a job that was pruned: enough to reconcile the ledger, whose entries stay. No foreign keys: like the
-- ledger it outlives what it is about. The pages of the pruned rows are used again by later rows; the file does not
-- shrink, because auto_vacuum would move pages in every transaction that frees some.
CREATE TABLE pruned_job (
    job INTEGER PRIMARY KEY,
    queue TEXT NOT NULL,
    batch INTEGER,
    submitter_uid INTEGER NOT NULL,
    submitter_name TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT pruned_job_state_terminal CHECK (
        state IN ('completed', 'failed', 'cancelled', 'timeout')),
    ended_at_ms INTEGER NOT NULL,
    pruned_at_ms INTEGER NOT NULL,
    -- The sums of its ledger entries; tokens are prompt tokens evaluated plus tokens generated.
    entry_count INTEGER NOT NULL,
    quick_calls INTEGER NOT NULL,
    quick_tokens INTEGER NOT NULL,
    quick_gpu_ms INTEGER NOT NULL,
    deepthink_calls INTEGER NOT NULL,
    deepthink_tokens INTEGER NOT NULL,
    deepthink_gpu_ms INTEGER NOT NULL,
    CONSTRAINT pruned_job_entries_are_calls CHECK (entry_count = quick_calls + deepthink_calls)
) STRICT;

-- Spend by user: the latest name of a user whose jobs were all pruned.
CREATE INDEX pruned_job_of_submitter ON pruned_job (submitter_uid, job);

CREATE TRIGGER pruned_job_never_changes BEFORE UPDATE ON pruned_job
BEGIN
    SELECT RAISE(ABORT, 'what is left of a pruned job never changes');
END;

CREATE TRIGGER pruned_job_never_goes BEFORE DELETE ON pruned_job
BEGIN
    SELECT RAISE(ABORT, 'what is left of a pruned job never goes');
END;
