-- How often the jobs of a queue ended that were retried since: they end again, and a count of all ends must never fall.
CREATE TABLE retried_end (
    queue TEXT NOT NULL REFERENCES queue (name),
    -- In which they had ended.
    state TEXT NOT NULL CONSTRAINT retried_end_state_retryable CHECK (
        state = 'failed' OR state = 'timeout' OR state = 'cancelled'),
    ends INTEGER NOT NULL CONSTRAINT retried_end_ends_positive CHECK (ends >= 1),
    PRIMARY KEY (queue, state)
) STRICT, WITHOUT ROWID;
