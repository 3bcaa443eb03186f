-- Jobs whose models act in an environment: how it began an episode, and what it answered to each action.

-- NULL in episodes of reasoning jobs, and before the first reset. The goal, the first observation, and the environment's
-- own limit of actions.
ALTER TABLE episode ADD COLUMN goal TEXT;
ALTER TABLE episode ADD COLUMN opening TEXT
    CONSTRAINT episode_opening_iff_goal CHECK ((opening IS NULL) = (goal IS NULL));
ALTER TABLE episode ADD COLUMN environment_steps INTEGER
    CONSTRAINT episode_environment_steps_positive CHECK (environment_steps >= 1)
    CONSTRAINT episode_environment_steps_iff_goal CHECK ((environment_steps IS NULL) = (goal IS NULL));

-- What the environment answered; NULL until it did. Its reward for the step is in `reward`.
ALTER TABLE step ADD COLUMN observation TEXT
    CONSTRAINT step_observed_is_written CHECK (observation IS NULL OR state = 'written')
    CONSTRAINT step_observed_has_reward CHECK (observation IS NULL OR reward IS NOT NULL);
-- How it ended the episode with this step; NULL where it went on.
ALTER TABLE step ADD COLUMN environment_end TEXT
    CONSTRAINT step_environment_end_known CHECK (environment_end = 'terminated' OR environment_end = 'truncated')
    CONSTRAINT step_environment_end_observed CHECK (environment_end IS NULL OR observation IS NOT NULL);
ALTER TABLE step ADD COLUMN is_success INTEGER
    CONSTRAINT step_is_success_boolean CHECK (is_success = 0 OR is_success = 1)
    CONSTRAINT step_is_success_iff_observed CHECK ((is_success IS NULL) = (observation IS NULL));

-- Whether the environment's goal was reached; NULL where there was none.
ALTER TABLE answer ADD COLUMN is_success INTEGER
    CONSTRAINT answer_is_success_boolean CHECK (is_success = 0 OR is_success = 1);
