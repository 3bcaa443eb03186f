-- What a policy was learnt with and from, so that it can be learnt again and compared: with these and the outcomes up to
-- trained_through_outcome the weights are determined. NULL in versions published before, which cannot be compared.

-- The price of a DEEPTHINK call at that time, in units of reward.
ALTER TABLE policy_snapshot ADD COLUMN cost REAL
    CONSTRAINT policy_snapshot_cost_not_negative CHECK (cost >= 0);
-- The oldest outcome that was looked at.
ALTER TABLE policy_snapshot ADD COLUMN first_outcome INTEGER;
-- Episodes that were learnt from, those of other pairs of models included: fewer in the database today are gone.
ALTER TABLE policy_snapshot ADD COLUMN trained_episodes INTEGER
    CONSTRAINT policy_snapshot_trained_episodes_positive CHECK (trained_episodes >= 1);
