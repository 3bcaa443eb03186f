#include "disk.h"

#include <stdlib.h>
#include <string.h>

#define LOCKED(disk, result, body)                                                                                     \
    do {                                                                                                               \
        pthread_mutex_lock(&(disk)->mutex);                                                                            \
        body;                                                                                                          \
        pthread_mutex_unlock(&(disk)->mutex);                                                                          \
        return result;                                                                                                 \
    } while (0)

static node *find(londi_disk *disk, const char *name) {
    for (node *node = disk->newest; node; node = node->next)
        if (node->name && !node->is_deleted && strcmp(node->name, name) == 0) return node;
    return NULL;
}

static void note_change(node *node, const void *bytes, int64_t length, int64_t offset) {
    if (node->change_count == node->change_capacity) {
        node->change_capacity = node->change_capacity * 2 + 16;
        node->changes = realloc(node->changes, (size_t)node->change_capacity * sizeof *node->changes);
        if (!node->changes) abort();
    }
    change noted = {NULL, offset, length};
    if (bytes) {
        noted.bytes = malloc((size_t)length);
        if (!noted.bytes) abort();
        memcpy(noted.bytes, bytes, (size_t)length);
    }
    node->changes[node->change_count++] = noted;
    change_apply(&noted, &node->current, offset, offset + length);
}

static int read_file(sqlite3_file *opened, void *buffer, int length, sqlite3_int64 offset) {
    file *file = (void *)opened;
    int result = SQLITE_OK;
    LOCKED(file->disk, result, {
        content *content = &file->node->current;
        int64_t count = content->size <= offset ? 0 : content->size - offset;
        if (count > length) count = length;
        if (count) memcpy(buffer, content->bytes + offset, (size_t)count);
        if (count < length) {
            memset((char *)buffer + count, 0, (size_t)(length - count));
            result = SQLITE_IOERR_SHORT_READ;
        }
    });
}

static int write_file(sqlite3_file *opened, const void *bytes, int length, sqlite3_int64 offset) {
    file *file = (void *)opened;
    int result;
    LOCKED(file->disk, result, {
        result = disk_begin(file->disk, LONDI_WRITE);
        note_change(file->node, bytes, result ? length / 2 : length, offset);
    });
}

static int truncate_file(sqlite3_file *opened, sqlite3_int64 size) {
    file *file = (void *)opened;
    int result;
    LOCKED(file->disk, result, {
        result = disk_begin(file->disk, LONDI_TRUNCATE);
        if (!result) note_change(file->node, NULL, 0, size);
    });
}

static void sync_names(londi_disk *disk) {
    for (node *node = disk->newest; node; node = node->next) {
        node->is_named_on_disk = 1;
        node->is_deleted_on_disk = node->is_deleted;
    }
}

void londi_disk_sync_directory(londi_disk *disk) {
    pthread_mutex_lock(&disk->mutex);
    if (!disk->ignores_syncs) sync_names(disk);
    pthread_mutex_unlock(&disk->mutex);
}

static int sync_file(sqlite3_file *opened, int flags) {
    (void)flags;
    file *file = (void *)opened;
    int result;
    LOCKED(file->disk, result, {
        result = disk_begin(file->disk, LONDI_SYNC);
        if (result) {
            node_sync_badly(file->disk, file->node);
        } else if (!file->disk->ignores_syncs) {
            for (int64_t index = 0; index < file->node->change_count; index++) {
                change *change = &file->node->changes[index];
                change_apply(change, &file->node->synced, change->offset, change->offset + change->length);
            }
            node_forget_changes(file->node);
            /* As SQLite's own VFS: the directory is synced with the first sync of a new log or journal. */
            if (file->node->syncs_directory) sync_names(file->disk);
            file->node->syncs_directory = 0;
        }
    });
}

static int file_size(sqlite3_file *opened, sqlite3_int64 *size) {
    file *file = (void *)opened;
    LOCKED(file->disk, SQLITE_OK, *size = file->node->current.size);
}

static int close_file(sqlite3_file *opened) {
    file *file = (void *)opened;
    LOCKED(file->disk, SQLITE_OK, file->node->references--);
}

static int lock_file(sqlite3_file *opened, int level) { return (void)opened, (void)level, SQLITE_OK; }
static int is_reserved(sqlite3_file *opened, int *answer) { return (void)opened, *answer = 0, SQLITE_OK; }
static int control_file(sqlite3_file *opened, int operation, void *argument) {
    return (void)opened, (void)operation, (void)argument, SQLITE_NOTFOUND;
}
static int sector_size(sqlite3_file *opened) { return (void)opened, 4096; }
static int characteristics(sqlite3_file *opened) { return (void)opened, SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

static int map_memory(sqlite3_file *opened, int region, int size, int extends, void volatile **memory) {
    file *file = (void *)opened;
    if (region >= MOST_REGIONS) return SQLITE_IOERR_SHMMAP;
    LOCKED(file->disk, SQLITE_OK, {
        if (!file->node->regions[region] && extends) file->node->regions[region] = calloc(1, (size_t)size);
        *memory = file->node->regions[region];
    });
}
static int lock_memory(sqlite3_file *opened, int offset, int count, int flags) {
    return (void)opened, (void)offset, (void)count, (void)flags, SQLITE_OK;
}
static void order_memory(sqlite3_file *opened) {
    (void)opened;
    __sync_synchronize();
}
static int unmap_memory(sqlite3_file *opened, int deletes) {
    file *file = (void *)opened;
    LOCKED(file->disk, SQLITE_OK, {
        /* The last connection has gone, and the next one begins with fresh memory. */
        (void)deletes;
        for (int index = 0; index < MOST_REGIONS; index++) {
            free(file->node->regions[index]);
            file->node->regions[index] = NULL;
        }
    });
}

static const sqlite3_io_methods methods = {
    .iVersion = 2, .xClose = close_file, .xRead = read_file, .xWrite = write_file, .xTruncate = truncate_file,
    .xSync = sync_file, .xFileSize = file_size, .xLock = lock_file, .xUnlock = lock_file,
    .xCheckReservedLock = is_reserved, .xFileControl = control_file, .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics, .xShmMap = map_memory, .xShmLock = lock_memory,
    .xShmBarrier = order_memory, .xShmUnmap = unmap_memory,
};

int disk_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *opened, int flags, int *out_flags) {
    file *file = (void *)opened;
    londi_disk *disk = vfs->pAppData;
    int result = SQLITE_OK;
    file->base.pMethods = NULL;
    LOCKED(disk, result, {
        node *found = name ? find(disk, name) : NULL;
        if (!found && !(flags & SQLITE_OPEN_CREATE) && !(flags & SQLITE_OPEN_MAIN_DB)) {
            result = SQLITE_CANTOPEN;
        } else {
            if (!found) {
                found = calloc(1, sizeof *found);
                if (!found) abort();
                found->name = name ? strdup(name) : NULL;
                /* The database file is made, and its directory synced, before SQLite opens it. */
                found->is_named_on_disk = (flags & SQLITE_OPEN_MAIN_DB) != 0;
                found->syncs_directory = (flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL)) != 0;
                found->next = disk->newest;
                disk->newest = found;
            }
            found->references++;
            file->base.pMethods = &methods;
            file->disk = disk;
            file->node = found;
            if (out_flags) *out_flags = flags;
        }
    });
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int syncs_directory) {
    londi_disk *disk = vfs->pAppData;
    int result = SQLITE_OK;
    LOCKED(disk, result, {
        node *found = find(disk, name);
        if (!found) {
            result = SQLITE_IOERR_DELETE_NOENT;
        } else {
            found->is_deleted = 1;
            found->is_deleted_on_disk = syncs_directory && !disk->ignores_syncs;
        }
    });
}

static int exists(sqlite3_vfs *vfs, const char *name, int flags, int *answer) {
    (void)flags;
    londi_disk *disk = vfs->pAppData;
    LOCKED(disk, SQLITE_OK, {
        node *found = find(disk, name);
        *answer = found && (flags != SQLITE_ACCESS_EXISTS || found->current.size > 0);
    });
}

static int full_path(sqlite3_vfs *vfs, const char *name, int length, char *path) {
    (void)vfs;
    sqlite3_snprintf(length, path, "%s", name);
    return SQLITE_OK;
}

static int randomness(sqlite3_vfs *vfs, int length, char *bytes) {
    londi_disk *disk = vfs->pAppData;
    LOCKED(disk, length, for (int index = 0; index < length; index++) bytes[index] = (char)next_random(&disk->random));
}

static int no_sleep(sqlite3_vfs *vfs, int microseconds) { return (void)vfs, microseconds; }
static int last_error(sqlite3_vfs *vfs, int length, char *text) { return (void)vfs, (void)length, (void)text, 0; }
static int time_now(sqlite3_vfs *vfs, sqlite3_int64 *time) {
    londi_disk *disk = vfs->pAppData;
    return disk->system->xCurrentTimeInt64(disk->system, time);
}
static int day_now(sqlite3_vfs *vfs, double *day) {
    londi_disk *disk = vfs->pAppData;
    return disk->system->xCurrentTime(disk->system, day);
}

londi_disk *londi_disk_create(const char *name, uint64_t seed) {
    londi_disk *disk = calloc(1, sizeof *disk);
    if (!disk || sqlite3_initialize() != SQLITE_OK) abort();
    pthread_mutex_init(&disk->mutex, NULL);
    disk->random = seed;
    disk->cut_random = ~seed;
    disk->system = sqlite3_vfs_find(NULL);
    disk->vfs = (sqlite3_vfs){
        .iVersion = 2, .szOsFile = sizeof(file), .mxPathname = 1024, .zName = strdup(name), .pAppData = disk,
        .xOpen = disk_open, .xDelete = delete_file, .xAccess = exists, .xFullPathname = full_path,
        .xRandomness = randomness, .xSleep = no_sleep, .xCurrentTime = day_now, .xGetLastError = last_error,
        .xCurrentTimeInt64 = time_now,
    };
    if (sqlite3_vfs_register(&disk->vfs, 0) != SQLITE_OK) abort();
    return disk;
}

void londi_disk_free(londi_disk *disk) {
    sqlite3_vfs_unregister(&disk->vfs);
    while (disk->newest) {
        node *node = disk->newest;
        disk->newest = node->next;
        node_free(node);
    }
    free((void *)disk->vfs.zName);
    free(disk->cut_prefix);
    free(disk->companion);
    pthread_mutex_destroy(&disk->mutex);
    free(disk);
}
