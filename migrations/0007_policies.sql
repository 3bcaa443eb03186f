-- Which version of a queue's policy is in force, and how that came to be.

-- What became of a version when it was made. NULL in those published before versions were tried: each was put in force.
ALTER TABLE policy_snapshot ADD COLUMN verdict TEXT CONSTRAINT policy_snapshot_verdict_known CHECK (
    verdict = 'cold' OR verdict = 'passed' OR verdict = 'refused' OR verdict = 'forced');
-- It came from a file and was not learnt here.
ALTER TABLE policy_snapshot ADD COLUMN is_imported INTEGER NOT NULL DEFAULT 0
    CONSTRAINT policy_snapshot_is_imported_boolean CHECK (is_imported = 0 OR is_imported = 1);
-- The version that was in force when it was made, and that it was tried against; NULL where there was none.
ALTER TABLE policy_snapshot ADD COLUMN incumbent INTEGER;

-- What a version's trial said it is worth, beside what it was compared with: estimates from logged choices, in units of
-- reward and DEEPTHINK calls for one job, each with its 95 % interval. Net is reward without the price of the calls.
CREATE TABLE policy_trial (
    queue TEXT NOT NULL,
    version INTEGER NOT NULL,
    contestant TEXT NOT NULL CONSTRAINT policy_trial_contestant_known CHECK (
        contestant = 'candidate' OR contestant = 'incumbent' OR contestant = 'always-quick'
        OR contestant = 'always-deepthink'),
    reward REAL NOT NULL,
    reward_lower REAL NOT NULL,
    reward_upper REAL NOT NULL,
    calls REAL NOT NULL,
    calls_lower REAL NOT NULL,
    calls_upper REAL NOT NULL,
    net REAL NOT NULL,
    net_lower REAL NOT NULL,
    net_upper REAL NOT NULL,
    episode_count INTEGER NOT NULL CONSTRAINT policy_trial_episode_count_positive CHECK (episode_count >= 1),
    -- How many episodes of the contestant's own the logged ones are worth.
    effective_count REAL NOT NULL CONSTRAINT policy_trial_effective_count_not_negative CHECK (effective_count >= 0),
    unsupported_share REAL NOT NULL
        CONSTRAINT policy_trial_unsupported_share_is_share CHECK (unsupported_share BETWEEN 0 AND 1),
    PRIMARY KEY (queue, version, contestant),
    FOREIGN KEY (queue, version) REFERENCES policy_snapshot (queue, version) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE TRIGGER policy_trial_never_changes BEFORE UPDATE ON policy_trial
BEGIN
    SELECT RAISE(ABORT, 'a trial is over once it is recorded');
END;

-- A version whose weights went, because a queue keeps only so many.
CREATE TABLE pruned_policy (
    queue TEXT NOT NULL REFERENCES queue (name),
    version INTEGER NOT NULL,
    sha256 TEXT NOT NULL CONSTRAINT pruned_policy_sha256_is_hexadecimal CHECK (length(sha256) = 64),
    created_at_ms INTEGER NOT NULL,
    pruned_at_ms INTEGER NOT NULL,
    PRIMARY KEY (queue, version)
) STRICT, WITHOUT ROWID;

-- Everything that changed what a queue's policy does. Append-only: the newest event of a queue is its policy's state.
CREATE TABLE policy_event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue TEXT NOT NULL REFERENCES queue (name),
    at_ms INTEGER NOT NULL,
    -- adopt: a version in force without a trial, while the queue is cold. promote: one that passed its trial.
    action TEXT NOT NULL CONSTRAINT policy_event_action_known CHECK (
        action = 'adopt' OR action = 'promote' OR action = 'freeze' OR action = 'thaw' OR action = 'rollback'
        OR action = 'import'),
    -- In force from here on; NULL: none yet.
    version INTEGER,
    is_frozen INTEGER NOT NULL CONSTRAINT policy_event_is_frozen_boolean CHECK (is_frozen = 0 OR is_frozen = 1),
    -- The model that a frozen queue prefers in its version's place; NULL: the version chooses.
    stand_in TEXT CONSTRAINT policy_event_stand_in_known CHECK (stand_in = 'quick' OR stand_in = 'deepthink'),
    reason TEXT NOT NULL,
    -- NULL: londid itself.
    uid INTEGER,
    user TEXT,
    -- The queue's last outcome at that time.
    after_outcome INTEGER NOT NULL,
    CONSTRAINT policy_event_stand_in_only_frozen CHECK (stand_in IS NULL OR is_frozen = 1),
    CONSTRAINT policy_event_uid_iff_user CHECK ((uid IS NULL) = (user IS NULL))
) STRICT;

-- Start, every look at a queue's policy: its newest event.
CREATE INDEX policy_event_of_queue ON policy_event (queue, seq);

CREATE TRIGGER policy_event_never_changes BEFORE UPDATE ON policy_event
BEGIN
    SELECT RAISE(ABORT, 'policy events are append-only');
END;

CREATE TRIGGER policy_event_never_goes BEFORE DELETE ON policy_event
BEGIN
    SELECT RAISE(ABORT, 'policy events are append-only');
END;

-- The newest version was in force.
INSERT INTO policy_event (queue, at_ms, action, version, is_frozen, reason, after_outcome)
SELECT queue, created_at_ms, 'adopt', version, 0, 'in force before versions were tried', trained_through_outcome
FROM policy_snapshot AS newest
WHERE version = (SELECT max(version) FROM policy_snapshot WHERE queue = newest.queue)
ORDER BY queue;
