-- How much an episode of another pair of models or of another encoder counted when a policy was learnt, 0 to 1. NULL in
-- versions published before: there those of another pair counted whole, and those of another encoder not at all.
ALTER TABLE policy_snapshot ADD COLUMN prior_weight REAL
    CONSTRAINT policy_snapshot_prior_weight_is_share CHECK (prior_weight >= 0 AND prior_weight <= 1);
