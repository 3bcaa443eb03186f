#pragma once

#include <stdint.h>

/* A disk in memory, as an SQLite VFS that a test registers under a name. It keeps what was synced apart from what was only
   written, so that it can show what a power cut may leave: of the writes since a file's last sync any part, in any order,
   torn at sectors of 512 bytes; files without their names where the directory was not synced. It can also fail. One
   connection at a time: its locks always succeed, and its shared memory is the process's. */
typedef struct londi_disk londi_disk;

/* Everything that is random comes from `seed`, SQLite's own random numbers included. */
londi_disk *londi_disk_create(const char *name, uint64_t seed);
/* All connections must have been closed. */
void londi_disk_free(londi_disk *disk);

/* Writes an image of what a power cut now would leave into an existing directory. Returns 0, or an errno. */
int londi_disk_cut(londi_disk *disk, const char *directory);
/* Does so at each write, sync, truncation and deletion with a chance of 1 in `mean`, before that takes place, into the
   new directories PREFIX0, PREFIX1, ... */
void londi_disk_cut_often(londi_disk *disk, uint64_t mean, const char *prefix);
/* Puts a copy of a real file into each image, as it is at that moment, if it is there: one that is written without a sync of
   its own may be on the disk at once. */
void londi_disk_accompany(londi_disk *disk, const char *path);
/* How many such images there are. */
int londi_disk_cuts(londi_disk *disk);

/* What the store does beside SQLite when it has opened the database. */
void londi_disk_sync_directory(londi_disk *disk);
/* A disk that says yes to a sync and does nothing, as SQLite's synchronous=OFF. */
void londi_disk_ignore_syncs(londi_disk *disk);

enum londi_operation { LONDI_WRITE, LONDI_SYNC, LONDI_TRUNCATE };
/* How many operations of a kind there were. */
uint64_t londi_disk_count(londi_disk *disk, int operation);
/* Lets operations `first` (1 is the next) to `first + count - 1` of a kind fail with SQLite's `code`. A failed write leaves
   its first half; a failed sync leaves any part of what was written, and the rest is never written, whatever is synced
   later: so does the page cache of Linux. */
void londi_disk_fail(londi_disk *disk, int operation, uint64_t first, uint64_t count, int code);
