-- londid's state. All instants are milliseconds since 1970-01-01T00:00:00Z (..._at_ms), all days are days since
-- 1970-01-01 in the queue's time zone, all GPU time is milliseconds. SQL never asks for the time.

-- The migrations that made this database what it is.
CREATE TABLE migration (
    name TEXT NOT NULL PRIMARY KEY,
    sha256 TEXT NOT NULL CONSTRAINT migration_sha256_is_hexadecimal CHECK (length(sha256) = 64),
    applied_at_ms INTEGER NOT NULL
) STRICT;

-- Every start of londid on this database.
CREATE TABLE epoch (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    opened_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE queue (
    name TEXT NOT NULL PRIMARY KEY,
    -- What DEEPTHINK may use in a day; NULL is no limit.
    limit_calls INTEGER CONSTRAINT queue_limit_calls_not_negative CHECK (limit_calls >= 0),
    limit_tokens INTEGER CONSTRAINT queue_limit_tokens_not_negative CHECK (limit_tokens >= 0),
    limit_gpu_ms INTEGER CONSTRAINT queue_limit_gpu_ms_not_negative CHECK (limit_gpu_ms >= 0),
    time_zone TEXT NOT NULL,
    on_budget TEXT NOT NULL CONSTRAINT queue_on_budget_known CHECK (on_budget IN ('quick', 'hold', 'fail')),
    -- Algorithms plug in by name, so their list is the program's and not the schema's.
    switcher_kind TEXT NOT NULL,
    switcher_cost REAL NOT NULL CONSTRAINT queue_switcher_cost_not_negative CHECK (switcher_cost >= 0),
    switcher_parameter REAL NOT NULL,
    exploration_rate REAL NOT NULL
        CONSTRAINT queue_exploration_rate_is_probability CHECK (exploration_rate BETWEEN 0 AND 1),
    exploration_share REAL NOT NULL
        CONSTRAINT queue_exploration_share_is_share CHECK (exploration_share BETWEEN 0 AND 1),
    max_steps INTEGER NOT NULL CONSTRAINT queue_max_steps_positive CHECK (max_steps >= 1),
    step_tokens INTEGER NOT NULL CONSTRAINT queue_step_tokens_positive CHECK (step_tokens >= 1),
    max_attempts INTEGER NOT NULL CONSTRAINT queue_max_attempts_positive CHECK (max_attempts >= 1),
    is_paused INTEGER NOT NULL CONSTRAINT queue_is_paused_boolean CHECK (is_paused IN (0, 1)),
    created_at_ms INTEGER NOT NULL,
    -- The latest day on which a step began or was refused: days never go backwards.
    last_day INTEGER
) STRICT;

CREATE TABLE batch (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL REFERENCES queue (name),
    -- validating: its jobs arrive and are staged. ready: accepted. abandoned: refused, cut off, or the same as another.
    state TEXT NOT NULL CONSTRAINT batch_state_known CHECK (state IN ('validating', 'ready', 'abandoned')),
    submitter_uid INTEGER NOT NULL,
    submitter_name TEXT NOT NULL,
    file_name TEXT,
    sha256 TEXT CONSTRAINT batch_sha256_is_hexadecimal CHECK (length(sha256) = 64),
    created_at_ms INTEGER NOT NULL,
    ready_at_ms INTEGER,
    -- Jobs appended so far; never changes once ready.
    job_count INTEGER NOT NULL CONSTRAINT batch_job_count_not_negative CHECK (job_count >= 0),
    CONSTRAINT batch_ready_iff_hashed CHECK ((state = 'ready') = (sha256 IS NOT NULL)),
    CONSTRAINT batch_ready_iff_dated CHECK ((state = 'ready') = (ready_at_ms IS NOT NULL))
) STRICT;

-- Recovery: the batches that a crash cut off.
CREATE INDEX batch_validating ON batch (id) WHERE state = 'validating';
-- Commit: is the same file of the same user in the same queue already accepted?
CREATE INDEX batch_same ON batch (queue, submitter_uid, sha256) WHERE state = 'ready';

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- NULL: submitted alone.
    batch INTEGER REFERENCES batch (id),
    queue TEXT NOT NULL REFERENCES queue (name),
    custom_id TEXT,
    -- The line of the batch file, from 1.
    line INTEGER,
    submitter_uid INTEGER NOT NULL,
    submitter_name TEXT NOT NULL,
    -- staged: its batch is still validated; no list and no claim sees it.
    state TEXT NOT NULL CONSTRAINT job_state_known CHECK (
        state IN ('staged', 'pending', 'held', 'running', 'completed', 'failed', 'cancelled', 'timeout')),
    pending_reason TEXT CONSTRAINT job_pending_reason_known CHECK (
        pending_reason IN
            ('Priority', 'Dependency', 'QueuePaused', 'BudgetExhausted', 'NotBefore', 'ModelUnavailable')),
    -- Higher is claimed first; equals in the order of submission.
    priority INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    -- The first claim.
    started_at_ms INTEGER,
    ended_at_ms INTEGER,
    not_before_ms INTEGER,
    deadline_ms INTEGER,
    -- When a parked job becomes claimable by itself.
    wake_at_ms INTEGER,
    idempotency_key TEXT,
    -- How often the job was claimed: with the epoch it fences off late writers. A crash may raise it without limit.
    attempt INTEGER NOT NULL DEFAULT 0,
    -- How many attempts failed by a fault that counts: the maximum ends the job.
    failed_attempts INTEGER NOT NULL DEFAULT 0,
    -- NULL: the queue's.
    max_attempts INTEGER CONSTRAINT job_max_attempts_positive CHECK (max_attempts >= 1),
    -- Whose claim it is.
    epoch INTEGER REFERENCES epoch (number),
    -- The current episode; NULL before the first claim.
    episode INTEGER REFERENCES episode (id),
    -- The last failure; what ended the job where it failed or timed out.
    error_code TEXT,
    error_message TEXT,
    -- The current episode's latest outcome.
    reward REAL,
    CONSTRAINT job_waiting_iff_reason CHECK ((state IN ('pending', 'held')) = (pending_reason IS NOT NULL)),
    CONSTRAINT job_running_iff_epoch CHECK ((state = 'running') = (epoch IS NOT NULL)),
    CONSTRAINT job_ended_iff_dated CHECK (
        (state IN ('completed', 'failed', 'cancelled', 'timeout')) = (ended_at_ms IS NOT NULL)),
    CONSTRAINT job_wakes_only_if_parked CHECK (
        wake_at_ms IS NULL OR coalesce(pending_reason, '') NOT IN ('', 'Priority')),
    CONSTRAINT job_not_before_wakes CHECK (coalesce(pending_reason, '') <> 'NotBefore' OR wake_at_ms IS NOT NULL),
    CONSTRAINT job_error_has_message CHECK ((error_code IS NULL) = (error_message IS NULL)),
    CONSTRAINT job_failed_has_error CHECK (state NOT IN ('failed', 'timeout') OR error_code IS NOT NULL),
    CONSTRAINT job_completed_has_no_error CHECK (state <> 'completed' OR error_code IS NULL),
    CONSTRAINT job_staged_in_batch CHECK (state <> 'staged' OR batch IS NOT NULL),
    CONSTRAINT job_started_iff_episode CHECK ((started_at_ms IS NULL) = (episode IS NULL)),
    CONSTRAINT job_custom_id_once_in_batch UNIQUE (batch, custom_id)
) STRICT;

-- Claim: the first claimable job of a queue. Parked jobs are not in it, so no claim ever scans them.
CREATE INDEX job_claim ON job (queue, priority DESC, id) WHERE state = 'pending' AND pending_reason = 'Priority';
-- Wake: the parked jobs whose time has come, and the next such time.
CREATE INDEX job_wake ON job (wake_at_ms) WHERE wake_at_ms IS NOT NULL;
-- Expire: the waiting jobs whose deadline has passed, and the next such time.
CREATE INDEX job_deadline ON job (deadline_ms) WHERE deadline_ms IS NOT NULL AND state IN ('pending', 'held');
-- Recovery: the jobs that a crash orphaned.
CREATE INDEX job_running ON job (id) WHERE state = 'running';
-- Queue list: how many jobs wait and run; and waking a queue's jobs of one reason.
CREATE INDEX job_unfinished ON job (queue, state, pending_reason) WHERE state IN ('pending', 'held', 'running');
-- Job list of one queue, newest first.
CREATE INDEX job_of_queue ON job (queue, id);
-- Job list of one user, newest first.
CREATE INDEX job_of_submitter ON job (submitter_uid, id);
-- Results and counts of one batch.
CREATE INDEX job_of_batch ON job (batch, id, state) WHERE batch IS NOT NULL;
-- Submit: the job that this user gave this key.
CREATE UNIQUE INDEX job_idempotency_key ON job (submitter_uid, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- What to do, as JSON. In its own table, because every change of state rewrites the row in `job`.
CREATE TABLE payload (
    job INTEGER PRIMARY KEY REFERENCES job (id) ON DELETE CASCADE,
    specification TEXT NOT NULL
) STRICT;

-- A job waits for others.
CREATE TABLE dependency (
    job INTEGER NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    needs INTEGER NOT NULL REFERENCES job (id),
    kind TEXT NOT NULL CONSTRAINT dependency_kind_known CHECK (kind IN ('after-ok', 'after-any')),
    CONSTRAINT dependency_not_on_itself CHECK (job <> needs),
    PRIMARY KEY (job, needs)
) STRICT, WITHOUT ROWID;

-- A job's end: the jobs that waited for it.
CREATE INDEX dependency_needs ON dependency (needs);

-- One run of a job's step loop. A crash or a passing fault of a model goes on with the same episode; only an explicit
-- retry begins a new one.
CREATE TABLE episode (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    job INTEGER NOT NULL REFERENCES job (id),
    number INTEGER NOT NULL CONSTRAINT episode_number_positive CHECK (number >= 1),
    started_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    end_reason TEXT CONSTRAINT episode_end_reason_known CHECK (
        end_reason IN ('answered', 'step-limit', 'context-limit', 'failed', 'cancelled', 'timeout')),
    -- The identity of the pair of models and the encoder at its first step; NULL before that.
    pair_key TEXT,
    CONSTRAINT episode_ended_iff_reason CHECK ((ended_at_ms IS NULL) = (end_reason IS NULL)),
    CONSTRAINT episode_number_once UNIQUE (job, number)
) STRICT;

-- The answer of an episode that came to one.
CREATE TABLE answer (
    episode INTEGER PRIMARY KEY REFERENCES episode (id),
    text TEXT NOT NULL,
    end_reason TEXT NOT NULL CONSTRAINT answer_end_reason_known CHECK (
        end_reason IN ('answered', 'step-limit', 'context-limit'))
) STRICT;

CREATE TABLE step (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    episode INTEGER NOT NULL REFERENCES episode (id),
    idx INTEGER NOT NULL CONSTRAINT step_idx_not_negative CHECK (idx >= 0),
    state TEXT NOT NULL CONSTRAINT step_state_known CHECK (state IN ('running', 'written', 'abandoned')),
    -- The claim that began it.
    attempt INTEGER NOT NULL,
    epoch INTEGER NOT NULL REFERENCES epoch (number),
    -- The Switcher's decision.
    role TEXT NOT NULL CONSTRAINT step_role_known CHECK (role IN ('quick', 'deepthink')),
    value_quick REAL,
    value_deepthink REAL,
    propensity REAL NOT NULL CONSTRAINT step_propensity_is_probability CHECK (propensity > 0 AND propensity <= 1),
    mask_reason TEXT CONSTRAINT step_mask_reason_known CHECK (mask_reason IN ('calls', 'tokens', 'gpu-time')),
    is_exploration INTEGER NOT NULL CONSTRAINT step_is_exploration_boolean CHECK (is_exploration IN (0, 1)),
    -- An unsigned 64-bit number as the signed one of the same bits.
    seed INTEGER NOT NULL,
    policy_version INTEGER NOT NULL,
    -- What the Switcher saw: 32-bit floats, little-endian.
    features BLOB NOT NULL CONSTRAINT step_features_are_floats CHECK (length(features) % 4 = 0),
    day INTEGER NOT NULL,
    -- What was left of the day's budget when it began, 0 to 1.
    budget_share REAL NOT NULL CONSTRAINT step_budget_share_is_share CHECK (budget_share BETWEEN 0 AND 1),
    model TEXT NOT NULL,
    started_at_ms INTEGER NOT NULL,
    ended_at_ms INTEGER,
    -- What the model wrote; of an abandoned step what came before it was cut off.
    text TEXT,
    stop_reason TEXT CONSTRAINT step_stop_reason_known CHECK (
        stop_reason IN ('paragraph', 'length', 'end-of-turn', 'time-limit', 'interrupted')),
    -- What it took, exactly as its ledger entry says; 0 where it has none.
    prompt_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens INTEGER NOT NULL DEFAULT 0,
    generated_tokens INTEGER NOT NULL DEFAULT 0,
    gpu_ms INTEGER NOT NULL DEFAULT 0,
    logprob_minimum REAL,
    logprob_lower_quartile REAL,
    logprob_median REAL,
    logprob_mean REAL,
    -- An environment's reward for this step alone.
    reward REAL,
    CONSTRAINT step_values_both_or_none CHECK ((value_quick IS NULL) = (value_deepthink IS NULL)),
    CONSTRAINT step_masked_is_quick CHECK (
        mask_reason IS NULL OR (role = 'quick' AND propensity = 1 AND is_exploration = 0)),
    CONSTRAINT step_running_iff_not_ended CHECK ((state = 'running') = (ended_at_ms IS NULL)),
    CONSTRAINT step_running_has_no_text CHECK (state <> 'running' OR text IS NULL),
    CONSTRAINT step_written_has_text CHECK (state <> 'written' OR text IS NOT NULL),
    CONSTRAINT step_text_iff_stop_reason CHECK ((text IS NULL) = (stop_reason IS NULL)),
    CONSTRAINT step_logprobs_all_or_none CHECK (
        (logprob_minimum IS NULL) = (logprob_mean IS NULL)
        AND (logprob_lower_quartile IS NULL) = (logprob_mean IS NULL)
        AND (logprob_median IS NULL) = (logprob_mean IS NULL))
) STRICT;

-- Claim: the steps an episode has; and each of them only once.
CREATE UNIQUE INDEX step_once ON step (episode, idx) WHERE state <> 'abandoned';
-- Explain: all attempts at an episode's steps.
CREATE INDEX step_of_episode ON step (episode, idx, id);
-- Recovery: the steps that a crash cut off.
CREATE INDEX step_running ON step (id) WHERE state = 'running';

-- What a running DEEPTHINK step may use at worst, set aside in the transaction that decided it.
CREATE TABLE reservation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    step INTEGER NOT NULL UNIQUE REFERENCES step (id),
    queue TEXT NOT NULL REFERENCES queue (name),
    day INTEGER NOT NULL,
    job INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    epoch INTEGER NOT NULL REFERENCES epoch (number),
    calls INTEGER NOT NULL CONSTRAINT reservation_calls_is_one CHECK (calls = 1),
    tokens INTEGER NOT NULL CONSTRAINT reservation_tokens_not_negative CHECK (tokens >= 0),
    gpu_ms INTEGER NOT NULL CONSTRAINT reservation_gpu_ms_not_negative CHECK (gpu_ms >= 0),
    is_exploration INTEGER NOT NULL CONSTRAINT reservation_is_exploration_boolean CHECK (is_exploration IN (0, 1)),
    -- settled: a ledger entry took its place. released: the step used nothing.
    state TEXT NOT NULL CONSTRAINT reservation_state_known CHECK (state IN ('open', 'settled', 'released'))
) STRICT;

-- Begin a step: what running steps may still use of a queue's day. Recovery: what a crash left open.
CREATE INDEX reservation_open ON reservation (queue, day) WHERE state = 'open';

-- All use of both models, one entry a step, append-only, each entry sealed by a hash over itself and the one before.
-- No foreign keys: the books outlive what they are about. The hash is documented at Storage's LedgerEntry.
CREATE TABLE ledger_entry (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    -- The day on which the step began.
    day INTEGER NOT NULL,
    queue TEXT NOT NULL,
    submitter_uid INTEGER NOT NULL,
    batch INTEGER,
    job INTEGER NOT NULL,
    episode INTEGER NOT NULL,
    step INTEGER NOT NULL,
    role TEXT NOT NULL CONSTRAINT ledger_entry_role_known CHECK (role IN ('quick', 'deepthink')),
    model TEXT NOT NULL,
    -- step: written, as measured. abandoned: cut off, as measured until then. bound: cut off and its use unknown, so
    -- charged at the reservation's worst case.
    kind TEXT NOT NULL CONSTRAINT ledger_entry_kind_known CHECK (kind IN ('step', 'abandoned', 'bound')),
    is_exploration INTEGER NOT NULL CONSTRAINT ledger_entry_is_exploration_boolean CHECK (is_exploration IN (0, 1)),
    calls INTEGER NOT NULL CONSTRAINT ledger_entry_calls_is_one CHECK (calls = 1),
    prompt_tokens INTEGER NOT NULL CONSTRAINT ledger_entry_prompt_tokens_not_negative CHECK (prompt_tokens >= 0),
    cached_tokens INTEGER NOT NULL CONSTRAINT ledger_entry_cached_tokens_not_negative CHECK (cached_tokens >= 0),
    generated_tokens INTEGER NOT NULL
        CONSTRAINT ledger_entry_generated_tokens_not_negative CHECK (generated_tokens >= 0),
    gpu_ms INTEGER NOT NULL CONSTRAINT ledger_entry_gpu_ms_not_negative CHECK (gpu_ms >= 0),
    previous_hash BLOB NOT NULL CONSTRAINT ledger_entry_previous_hash_is_sha256 CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL CONSTRAINT ledger_entry_hash_is_sha256 CHECK (length(hash) = 32)
) STRICT;

-- One entry a step; audit: the entry of a step.
CREATE UNIQUE INDEX ledger_entry_once ON ledger_entry (step);
-- Spend: the entries of some days.
CREATE INDEX ledger_entry_of_day ON ledger_entry (day, queue);

CREATE TRIGGER ledger_entry_never_changes BEFORE UPDATE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: enter a correction, never change an entry');
END;

CREATE TRIGGER ledger_entry_never_goes BEFORE DELETE ON ledger_entry
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only: no entry is ever deleted');
END;

-- What DEEPTHINK used of a queue's day: always the sum of its ledger entries.
CREATE TABLE budget_day (
    queue TEXT NOT NULL REFERENCES queue (name),
    day INTEGER NOT NULL,
    calls INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    gpu_ms INTEGER NOT NULL,
    exploration_calls INTEGER NOT NULL,
    PRIMARY KEY (queue, day)
) STRICT, WITHOUT ROWID;

-- The only writer of `budget_day`, so that no transaction can append without counting or count without appending.
CREATE TRIGGER ledger_entry_counts AFTER INSERT ON ledger_entry WHEN NEW.role = 'deepthink'
BEGIN
    INSERT INTO budget_day (queue, day, calls, tokens, gpu_ms, exploration_calls)
    VALUES (
        NEW.queue, NEW.day, NEW.calls, NEW.prompt_tokens + NEW.generated_tokens, NEW.gpu_ms,
        NEW.calls * NEW.is_exploration)
    ON CONFLICT (queue, day) DO UPDATE SET
        calls = calls + excluded.calls,
        tokens = tokens + excluded.tokens,
        gpu_ms = gpu_ms + excluded.gpu_ms,
        exploration_calls = exploration_calls + excluded.exploration_calls;
END;

-- What an episode was worth. Append-only: a correction is a later row, and the latest row of an episode holds.
CREATE TABLE outcome (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL REFERENCES queue (name),
    job INTEGER NOT NULL,
    episode INTEGER NOT NULL REFERENCES episode (id),
    reward REAL NOT NULL,
    source TEXT NOT NULL CONSTRAINT outcome_source_known CHECK (source IN ('verifier', 'environment', 'feedback')),
    at_ms INTEGER NOT NULL,
    -- Who gave the feedback; NULL for a machine.
    uid INTEGER,
    CONSTRAINT outcome_feedback_iff_uid CHECK ((source = 'feedback') = (uid IS NOT NULL))
) STRICT;

-- Training: a queue's outcomes, newest first.
CREATE INDEX outcome_of_queue ON outcome (queue, seq);
-- Training: was this outcome corrected later?
CREATE INDEX outcome_of_episode ON outcome (episode, seq);

CREATE TRIGGER outcome_never_changes BEFORE UPDATE ON outcome
BEGIN
    SELECT RAISE(ABORT, 'outcomes are append-only: a correction is a later row');
END;

-- The replay buffer: one row for each step of an episode with an outcome, and again for each correction.
CREATE TABLE transition (
    outcome INTEGER NOT NULL REFERENCES outcome (seq),
    step INTEGER NOT NULL REFERENCES step (id),
    -- An episode's rewards add up to its outcome's.
    reward REAL NOT NULL,
    is_terminal INTEGER NOT NULL CONSTRAINT transition_is_terminal_boolean CHECK (is_terminal IN (0, 1)),
    is_truncated INTEGER NOT NULL CONSTRAINT transition_is_truncated_boolean CHECK (is_truncated IN (0, 1)),
    CONSTRAINT transition_ends_one_way CHECK (is_terminal + is_truncated <= 1),
    PRIMARY KEY (outcome, step)
) STRICT, WITHOUT ROWID;

-- Explain: what is learnt from a step.
CREATE INDEX transition_of_step ON transition (step, outcome);

-- A published policy. Never changes.
CREATE TABLE policy_snapshot (
    queue TEXT NOT NULL REFERENCES queue (name),
    version INTEGER NOT NULL CONSTRAINT policy_snapshot_version_positive CHECK (version >= 1),
    pair_key TEXT NOT NULL,
    kind TEXT NOT NULL,
    encoder TEXT NOT NULL,
    sha256 TEXT NOT NULL CONSTRAINT policy_snapshot_sha256_is_hexadecimal CHECK (length(sha256) = 64),
    weights BLOB NOT NULL,
    trained_through_outcome INTEGER NOT NULL,
    episode_count INTEGER NOT NULL,
    created_at_ms INTEGER NOT NULL,
    PRIMARY KEY (queue, version)
) STRICT;

CREATE TRIGGER policy_snapshot_never_changes BEFORE UPDATE ON policy_snapshot
BEGIN
    SELECT RAISE(ABORT, 'a policy snapshot never changes: publish a new version');
END;

-- Who changed what and when. Append-only.
CREATE TABLE admin_event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    at_ms INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    user TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE TRIGGER admin_event_never_changes BEFORE UPDATE ON admin_event
BEGIN
    SELECT RAISE(ABORT, 'administrative events are append-only');
END;

CREATE TRIGGER admin_event_never_goes BEFORE DELETE ON admin_event
BEGIN
    SELECT RAISE(ABORT, 'administrative events are append-only');
END;
