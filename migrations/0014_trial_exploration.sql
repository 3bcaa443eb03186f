-- The queue's exploration rate, with which a version's trial estimated every contestant. NULL where there was no trial, and in
-- versions tried before: there none explored.
ALTER TABLE policy_snapshot ADD COLUMN exploration_rate REAL
    CONSTRAINT policy_snapshot_exploration_rate_is_probability CHECK (exploration_rate >= 0 AND exploration_rate <= 1);
