-- What one user of a queue can do to the others.

-- Who waits in a queue, user by user. Claim: the first claimable job of the next user, by her own priorities. Parked jobs are
-- elsewhere in it, so no claim ever scans them, and users without claimable jobs are not in its way. Wake: the jobs of a queue
-- that wait for one reason, such as a reservation's end. Queue list: how many jobs wait. Only waiting jobs have a reason.
DROP INDEX job_waiting;
CREATE INDEX job_waiting ON job (queue, state, pending_reason, submitter_uid, priority DESC, id)
    WHERE pending_reason IS NOT NULL;

-- What feedback may say of the queue's jobs. A queue that has learnt from rewards beyond 0 to 1 keeps the widest range.
ALTER TABLE queue ADD COLUMN least_reward REAL NOT NULL DEFAULT 0
    CONSTRAINT queue_least_reward_in_range CHECK (least_reward >= -1000);
ALTER TABLE queue ADD COLUMN most_reward REAL NOT NULL DEFAULT 1
    CONSTRAINT queue_most_reward_in_range CHECK (most_reward <= 1000)
    CONSTRAINT queue_rewards_in_order CHECK (least_reward < most_reward);
UPDATE queue SET least_reward = -1000, most_reward = 1000
WHERE EXISTS (SELECT 1 FROM outcome WHERE outcome.queue = queue.name AND (reward < 0 OR reward > 1));

-- The most episodes of one user's jobs that a version was learnt from, where that left some out. NULL: all of its history,
-- as in versions older than this.
ALTER TABLE policy_snapshot ADD COLUMN user_episodes INTEGER
    CONSTRAINT policy_snapshot_user_episodes_positive CHECK (user_episodes >= 1);
