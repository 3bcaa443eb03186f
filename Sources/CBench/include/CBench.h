/* The raw C loop that londi-bench measures Storage against: it runs the very statements that Storage ran, with the same
 * values, so it cannot fall behind Storage's SQL. */
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct londi_recording londi_recording;
typedef struct londi_replay londi_replay;

/* From here to londi_record_end, every connection that this process opens writes down each statement that it runs.
 * One recording at a time, of one connection. */
londi_recording *londi_record_begin(void);
/* Connections opened later are not recorded; those that are still open no longer. */
void londi_record_end(londi_recording *recording);
void londi_recording_free(londi_recording *recording);
/* Statements recorded so far. */
size_t londi_recording_count(const londi_recording *recording);
/* The text of one of them. */
const char *londi_recording_sql(const londi_recording *recording, size_t index);
/* What could not be recorded; NULL where everything was. */
const char *londi_recording_failure(const londi_recording *recording);

/* Opens a database to run a recording on it. NULL where it cannot be opened. */
londi_replay *londi_replay_open(const char *path, const londi_recording *recording);
/* Prepares every statement of the recording that is not yet prepared, runs those before `end` that have not run, and
 * reads every column of every row. 0, or SQLite's code. */
int londi_replay_run(londi_replay *replay, size_t end);
const char *londi_replay_message(const londi_replay *replay);
void londi_replay_close(londi_replay *replay);
