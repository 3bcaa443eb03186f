-- The share of a day's budget whose use is worth a warning; 0 is never.
ALTER TABLE queue ADD COLUMN warn_at REAL NOT NULL DEFAULT 0.8
    CONSTRAINT queue_warn_at_is_share CHECK (warn_at BETWEEN 0 AND 1);

-- What was added to a queue's limits, for each day from the first to the last. Append-only.
CREATE TABLE budget_grant (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL REFERENCES queue (name),
    first_day INTEGER NOT NULL,
    last_day INTEGER NOT NULL,
    calls INTEGER NOT NULL CONSTRAINT budget_grant_calls_not_negative CHECK (calls >= 0),
    tokens INTEGER NOT NULL CONSTRAINT budget_grant_tokens_not_negative CHECK (tokens >= 0),
    gpu_ms INTEGER NOT NULL CONSTRAINT budget_grant_gpu_ms_not_negative CHECK (gpu_ms >= 0),
    at_ms INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    user TEXT NOT NULL,
    CONSTRAINT budget_grant_days_in_order CHECK (first_day <= last_day),
    CONSTRAINT budget_grant_gives_something CHECK (calls > 0 OR tokens > 0 OR gpu_ms > 0)
) STRICT;

-- Begin a step, show budgets: the grants of a queue that have not run out.
CREATE INDEX budget_grant_of_queue ON budget_grant (queue, last_day);

CREATE TRIGGER budget_grant_never_changes BEFORE UPDATE ON budget_grant
BEGIN
    SELECT RAISE(ABORT, 'grants are append-only: revoke one, never change it');
END;

CREATE TRIGGER budget_grant_never_goes BEFORE DELETE ON budget_grant
BEGIN
    SELECT RAISE(ABORT, 'grants are append-only: revoke one, never delete it');
END;

-- The grants that hold no longer. Append-only.
CREATE TABLE budget_revocation (
    budget_grant INTEGER PRIMARY KEY REFERENCES budget_grant (id),
    at_ms INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    user TEXT NOT NULL
) STRICT;

CREATE TRIGGER budget_revocation_never_changes BEFORE UPDATE ON budget_revocation
BEGIN
    SELECT RAISE(ABORT, 'revocations are append-only');
END;

CREATE TRIGGER budget_revocation_never_goes BEFORE DELETE ON budget_revocation
BEGIN
    SELECT RAISE(ABORT, 'revocations are append-only');
END;

-- What was said once of a queue's day: that its budget nears its end (warning), that it has come to it (exhausted).
CREATE TABLE budget_notice (
    queue TEXT NOT NULL REFERENCES queue (name),
    day INTEGER NOT NULL,
    kind TEXT NOT NULL CONSTRAINT budget_notice_kind_known CHECK (kind IN ('warning', 'exhausted')),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (queue, day, kind)
) STRICT, WITHOUT ROWID;

-- What a queue's budget lacked where that is why a job failed.
CREATE TABLE budget_refusal (
    job INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
    unit TEXT NOT NULL CONSTRAINT budget_refusal_unit_known CHECK (unit = 'calls' OR unit = 'tokens' OR unit = 'gpu-time'),
    -- The day's, what was granted included.
    day_limit INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    reserved INTEGER NOT NULL,
    resets_at_ms INTEGER NOT NULL
) STRICT;
