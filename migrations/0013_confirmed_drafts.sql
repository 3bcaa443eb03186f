-- Calls that brought nothing: whether DEEPTHINK wrote just what QUICK had drafted; in an environment, whether it took the same
-- action. NULL where there was no draft, and in steps older than this.
ALTER TABLE step ADD COLUMN confirms_draft INTEGER
    CONSTRAINT step_confirms_draft_boolean CHECK (confirms_draft = 0 OR confirms_draft = 1)
    CONSTRAINT step_confirms_draft_is_deepthink CHECK (
        confirms_draft IS NULL OR (role = 'deepthink' AND state = 'written'));
