-- The DEEPTHINK calls that one job may make, and steps that are decided after QUICK has drafted them.

-- The most calls of one episode of any of its jobs; NULL is no limit.
ALTER TABLE queue ADD COLUMN deepthink_calls_per_job INTEGER
    CONSTRAINT queue_deepthink_calls_per_job_not_negative CHECK (deepthink_calls_per_job >= 0);
-- What the Switcher sees before it decides: the state alone, or QUICK's draft of the step too.
ALTER TABLE queue ADD COLUMN observe TEXT NOT NULL DEFAULT 'state'
    CONSTRAINT queue_observe_known CHECK (observe = 'state' OR observe = 'draft');
-- The most calls of one episode; the queue's limit holds too. NULL is no limit.
ALTER TABLE job ADD COLUMN deepthink_calls INTEGER
    CONSTRAINT job_deepthink_calls_not_negative CHECK (deepthink_calls >= 0);
-- What came of a draft; NULL where the step was none. kept: it is the step. replaced: DEEPTHINK was chosen instead, in a
-- step of the same index. dropped: it was cut off, or the budget let the step not be decided.
ALTER TABLE step ADD COLUMN draft TEXT
    CONSTRAINT step_draft_known CHECK (draft = 'kept' OR draft = 'replaced' OR draft = 'dropped')
    CONSTRAINT step_draft_is_quick CHECK (draft IS NULL OR role = 'quick')
    CONSTRAINT step_draft_kept_iff_written CHECK (
        draft IS NULL OR state = 'running' OR (draft = 'kept') = (state = 'written'));

-- A further reason why DEEPTHINK could not be chosen: the job has made all its calls. A wider condition is true of every row
-- that the narrower one was true of, so no row needs a look, and SQLite's manual ("Making Other Kinds Of Table Schema
-- Changes") allows just this edit for it.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(sql,
    'mask_reason = ''gpu-time''', 'mask_reason = ''gpu-time'' OR mask_reason = ''job-calls''')
WHERE type = 'table' AND name = 'step';
-- Also reads the edited schema anew.
PRAGMA writable_schema = RESET;
