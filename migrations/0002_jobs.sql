-- How long a job may take, and jobs that wait for others.

-- The most wall time of one attempt, from its claim to its end; NULL is no limit.
ALTER TABLE job ADD COLUMN time_limit_ms INTEGER CONSTRAINT job_time_limit_positive CHECK (time_limit_ms >= 1);

-- Drop: the batches that were never accepted and whose staged jobs have not all gone yet.
CREATE INDEX batch_dropped ON batch (id) WHERE state = 'abandoned' AND job_count > 0;

-- Retry: the jobs that came to nothing.
CREATE INDEX job_unanswered ON job (id) WHERE state = 'failed' OR state = 'timeout' OR state = 'cancelled';
