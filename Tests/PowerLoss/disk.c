#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Steele, Lea and Flood 2014, SplitMix64. */
uint64_t next_random(uint64_t *state) {
    uint64_t mixed = *state += 0x9e3779b97f4a7c15u;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return mixed ^ (mixed >> 31);
}

static void *must(void *memory) {
    if (!memory) abort();
    return memory;
}

void content_resize(content *content, int64_t size) {
    if (size > content->capacity) {
        content->capacity = size * 3 / 2;
        content->bytes = must(realloc(content->bytes, (size_t)content->capacity));
    }
    if (size > content->size) memset(content->bytes + content->size, 0, (size_t)(size - content->size));
    content->size = size;
}

void change_apply(const change *change, content *content, int64_t from, int64_t to) {
    if (!change->bytes) {
        content_resize(content, change->offset);
        return;
    }
    if (to > content->size) content_resize(content, to);
    memcpy(content->bytes + from, change->bytes + (from - change->offset), (size_t)(to - from));
}

void node_forget_changes(node *node) {
    for (int64_t index = 0; index < node->change_count; index++) free(node->changes[index].bytes);
    node->change_count = 0;
}

void node_free(node *node) {
    node_forget_changes(node);
    free(node->changes);
    free(node->current.bytes);
    free(node->synced.bytes);
    for (int index = 0; index < MOST_REGIONS; index++) free(node->regions[index]);
    free(node->name);
    free(node);
}

typedef struct {
    const change *change;
    int64_t from, to;
} piece;

/* Applies a random part of a file's changes, torn at sectors: in their order, or in any. */
static void apply_some(const node *node, content *content, uint64_t *random) {
    int64_t count = 0, capacity = 64;
    piece *pieces = must(malloc((size_t)capacity * sizeof *pieces));
    for (int64_t index = 0; index < node->change_count; index++) {
        const change *change = &node->changes[index];
        int64_t from = change->offset, end = change->offset + change->length;
        do {
            int64_t border = (from / SECTOR + 1) * SECTOR;
            int64_t to = !change->bytes || border > end ? end : border;
            if (count == capacity) pieces = must(realloc(pieces, (size_t)(capacity *= 2) * sizeof *pieces));
            pieces[count++] = (piece){change, from, to};
            from = to;
        } while (from < end);
    }
    if (next_random(random) % 2)
        for (int64_t index = count - 1; index > 0; index--) {
            int64_t other = (int64_t)(next_random(random) % (uint64_t)(index + 1));
            piece kept = pieces[index];
            pieces[index] = pieces[other];
            pieces[other] = kept;
        }
    uint64_t share = next_random(random) % 5; /* of four: none, ... all */
    for (int64_t index = 0; index < count; index++)
        if (next_random(random) % 4 < share)
            change_apply(pieces[index].change, content, pieces[index].from, pieces[index].to);
    free(pieces);
}

static void copy_content(content *copy, const content *original) {
    *copy = (content){0};
    content_resize(copy, original->size);
    if (original->size) memcpy(copy->bytes, original->bytes, (size_t)original->size);
}

void node_sync_badly(londi_disk *disk, node *node) {
    apply_some(node, &node->synced, &disk->cut_random);
    node_forget_changes(node);
}

static int write_image(const char *directory, const char *name, const content *content) {
    char path[4096];
    const char *slash = strrchr(name, '/');
    snprintf(path, sizeof path, "%s/%s", directory, slash ? slash + 1 : name);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (descriptor < 0) return errno;
    int failure = 0;
    for (int64_t written = 0; written < content->size && !failure;) {
        ssize_t count = write(descriptor, content->bytes + written, (size_t)(content->size - written));
        if (count < 0) failure = errno;
        else written += count;
    }
    close(descriptor);
    return failure;
}

static int copy_companion(const char *path, const char *directory) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return errno == ENOENT ? 0 : errno;
    content copy = {0};
    unsigned char block[4096];
    ssize_t count;
    while ((count = read(descriptor, block, sizeof block)) > 0) {
        int64_t size = copy.size;
        content_resize(&copy, size + count);
        memcpy(copy.bytes + size, block, (size_t)count);
    }
    int failure = count < 0 ? errno : write_image(directory, path, &copy);
    close(descriptor);
    free(copy.bytes);
    return failure;
}

static int cut(londi_disk *disk, const char *directory) {
    if (disk->companion) {
        int failure = copy_companion(disk->companion, directory);
        if (failure) return failure;
    }
    /* From the newest: a file that was deleted and made anew shows its older content only where the newer is missing. */
    for (node *node = disk->newest; node; node = node->next) {
        if (!node->name || node->is_deleted_on_disk) continue;
        int is_seen = node->is_named_on_disk || next_random(&disk->cut_random) % 2;
        if (node->is_deleted && next_random(&disk->cut_random) % 2) is_seen = 0;
        char path[4096];
        const char *slash = strrchr(node->name, '/');
        snprintf(path, sizeof path, "%s/%s", directory, slash ? slash + 1 : node->name);
        if (!is_seen || access(path, F_OK) == 0) continue;
        content image;
        copy_content(&image, &node->synced);
        apply_some(node, &image, &disk->cut_random);
        int failure = write_image(directory, node->name, &image);
        free(image.bytes);
        if (failure) return failure;
    }
    return 0;
}

int disk_begin(londi_disk *disk, int operation) {
    if (disk->cut_mean && next_random(&disk->cut_random) % disk->cut_mean == 0) {
        char directory[4096];
        snprintf(directory, sizeof directory, "%s%d", disk->cut_prefix, disk->cut_count++);
        if (mkdir(directory, 0700) || cut(disk, directory)) abort();
    }
    uint64_t number = ++disk->operations[operation].done;
    int fails = number >= disk->operations[operation].first && number <= disk->operations[operation].last;
    return fails ? disk->operations[operation].code : 0;
}

static int locked_cut(londi_disk *disk, const char *directory) {
    pthread_mutex_lock(&disk->mutex);
    int failure = cut(disk, directory);
    pthread_mutex_unlock(&disk->mutex);
    return failure;
}

int londi_disk_cut(londi_disk *disk, const char *directory) { return locked_cut(disk, directory); }

void londi_disk_cut_often(londi_disk *disk, uint64_t mean, const char *prefix) {
    pthread_mutex_lock(&disk->mutex);
    free(disk->cut_prefix);
    disk->cut_mean = mean;
    disk->cut_prefix = must(strdup(prefix));
    pthread_mutex_unlock(&disk->mutex);
}

void londi_disk_accompany(londi_disk *disk, const char *path) {
    pthread_mutex_lock(&disk->mutex);
    free(disk->companion);
    disk->companion = must(strdup(path));
    pthread_mutex_unlock(&disk->mutex);
}

int londi_disk_cuts(londi_disk *disk) {
    pthread_mutex_lock(&disk->mutex);
    int count = disk->cut_count;
    pthread_mutex_unlock(&disk->mutex);
    return count;
}

void londi_disk_ignore_syncs(londi_disk *disk) { disk->ignores_syncs = 1; }

uint64_t londi_disk_count(londi_disk *disk, int operation) {
    pthread_mutex_lock(&disk->mutex);
    uint64_t count = disk->operations[operation].done;
    pthread_mutex_unlock(&disk->mutex);
    return count;
}

void londi_disk_fail(londi_disk *disk, int operation, uint64_t first, uint64_t count, int code) {
    pthread_mutex_lock(&disk->mutex);
    disk->operations[operation].first = disk->operations[operation].done + first;
    disk->operations[operation].last = disk->operations[operation].first + count - 1;
    disk->operations[operation].code = code;
    pthread_mutex_unlock(&disk->mutex);
}
