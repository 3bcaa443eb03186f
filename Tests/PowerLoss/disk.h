#pragma once

#include "include/PowerLoss.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stddef.h>

enum { SECTOR = 512, MOST_REGIONS = 1024 };

typedef struct {
    unsigned char *bytes;
    int64_t size, capacity;
} content;

/* A write of `length` bytes, or a truncation to `offset` where `bytes` is null. */
typedef struct {
    unsigned char *bytes;
    int64_t offset, length;
} change;

typedef struct node {
    struct node *next; /* the file before this one */
    char *name;        /* null: a temporary file that no cut leaves */
    content current, synced;
    change *changes; /* since the last sync */
    int64_t change_count, change_capacity;
    int is_named_on_disk, syncs_directory;
    int is_deleted, is_deleted_on_disk;
    int references;
    void *regions[MOST_REGIONS]; /* the shared memory of a write-ahead log */
} node;

struct londi_disk {
    sqlite3_vfs vfs, *system;
    pthread_mutex_t mutex;
    node *newest;
    uint64_t random, cut_random;
    uint64_t cut_mean;
    char *cut_prefix, *companion;
    int cut_count, ignores_syncs;
    struct {
        uint64_t done, first, last;
        int code;
    } operations[3];
};

typedef struct {
    sqlite3_file base;
    londi_disk *disk;
    node *node;
} file;

uint64_t next_random(uint64_t *state);
void content_resize(content *content, int64_t size);
/* Applies a change, or the part of a write from `from` to `to`. */
void change_apply(const change *change, content *content, int64_t from, int64_t to);
void node_forget_changes(node *node);
void node_free(node *node);
/* Counts an operation and cuts where it is time. Returns 0, or the code that the operation has to fail with. */
int disk_begin(londi_disk *disk, int operation);
/* A sync that fails: a random part of the changes reaches the disk, and the rest never does. */
void node_sync_badly(londi_disk *disk, node *node);
int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *opened, int flags, int *out_flags);
