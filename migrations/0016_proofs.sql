-- What tells that a state is the newest one, that nobody rewrote what administrators did, and that a job's request is the
-- one that was submitted.

-- How many transactions this start of londid has committed: with its number the position of a state. The newest position is
-- noted in a file beside the database, and a state that lies before its note has lost something.
ALTER TABLE epoch ADD COLUMN commits INTEGER NOT NULL DEFAULT 0
    CONSTRAINT epoch_commits_not_negative CHECK (commits >= 0);

-- Of the bytes in `specification`. NULL for jobs submitted before: of them only the form can be checked.
ALTER TABLE payload ADD COLUMN specification_sha256 BLOB
    CONSTRAINT payload_specification_sha256_is_sha256 CHECK (length(specification_sha256) = 32);

-- The seal of each administrative event: a hash over itself and the seal before, documented at Storage's EventSeal. londid
-- seals the events that are older than this table in the transaction that makes it, and enters an event that says so.
CREATE TABLE admin_seal (
    event INTEGER PRIMARY KEY REFERENCES admin_event (seq),
    previous_hash BLOB NOT NULL CONSTRAINT admin_seal_previous_hash_is_sha256 CHECK (length(previous_hash) = 32),
    hash BLOB NOT NULL CONSTRAINT admin_seal_hash_is_sha256 CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER admin_seal_never_changes BEFORE UPDATE ON admin_seal
BEGIN
    SELECT RAISE(ABORT, 'seals are append-only');
END;

CREATE TRIGGER admin_seal_never_goes BEFORE DELETE ON admin_seal
BEGIN
    SELECT RAISE(ABORT, 'seals are append-only');
END;
