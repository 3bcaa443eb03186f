#define _GNU_SOURCE
#include "filter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock, of which Debian 12's headers know the first two versions.
   Source: Documentation/userspace-api/landlock.rst of Linux. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#endif

struct ruleset_attributes {
    uint64_t handled_files;
    uint64_t handled_network;
    uint64_t scoped;
};

struct __attribute__((packed)) path_rule {
    uint64_t allowed;
    int32_t parent;
};

enum {
    ASK_VERSION = 1,
    RULE_PATH_BENEATH = 1,
};

#define EXECUTE (1ULL << 0)
#define WRITE_FILE (1ULL << 1)
#define READ_FILE (1ULL << 2)
#define READ_DIRECTORY (1ULL << 3)
#define MAKE_SOCKET (1ULL << 9)
/* Everything that was there from the first version on. */
#define FIRST_RIGHTS ((1ULL << 13) - 1)
#define REFER (1ULL << 13)
#define TRUNCATE (1ULL << 14)
#define SCOPED_ABSTRACT_SOCKETS (1ULL << 0)
#define SCOPED_SIGNALS (1ULL << 1)

int londi_landlock_version(void) {
    long version = syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, ASK_VERSION);
    return version < 0 ? -errno : (int)version;
}

static uint64_t handled_rights(int version) {
    return FIRST_RIGHTS | (version >= 2 ? REFER : 0) | (version >= 3 ? TRUNCATE : 0);
}

int londi_ruleset(int version) {
    struct ruleset_attributes attributes = {
        .handled_files = handled_rights(version),
        .scoped = version >= 6 ? SCOPED_ABSTRACT_SOCKETS | SCOPED_SIGNALS : 0,
    };
    long descriptor = syscall(SYS_landlock_create_ruleset, &attributes, sizeof attributes, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int londi_allow(int ruleset, int version, const char *path, int access) {
    int place = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0) return -errno;
    struct stat status;
    int result = fstat(place, &status) < 0 ? -errno : 0;
    /* What a link leads to has its own rule, or none. */
    if (result == 0 && !S_ISLNK(status.st_mode)) {
        uint64_t rights = access == LONDI_WRITE  ? handled_rights(version)
                          : access == LONDI_READ ? EXECUTE | READ_FILE | READ_DIRECTORY
                                                 : MAKE_SOCKET;
        if (!S_ISDIR(status.st_mode)) rights &= EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE;
        struct path_rule rule = {.allowed = rights, .parent = place};
        if (syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0) result = -errno;
    }
    close(place);
    return result;
}

uint64_t londi_own_tasks(void) {
    DIR *processes = opendir("/proc");
    if (!processes) return 0;
    uint64_t count = 0;
    struct dirent *entry;
    while ((entry = readdir(processes))) {
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') continue;
        char path[64];
        struct stat status;
        snprintf(path, sizeof path, "%.20s/task", entry->d_name);
        /* A directory has a link for itself, one for its parent and one for each directory in it: a thread. */
        if (fstatat(dirfd(processes), path, &status, 0) == 0 && status.st_uid == getuid() && status.st_nlink > 2)
            count += status.st_nlink - 2;
    }
    closedir(processes);
    return count;
}

/* Deeper trees stay. */
enum { DEEPEST_REMOVED = 200 };

static int remove_at(int parent, const char *name, int depth) {
    if (unlinkat(parent, name, 0) == 0) return 0;
    if (errno != EISDIR || depth == DEEPEST_REMOVED) return -errno;
    int place = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0 && errno == EACCES && fchmodat(parent, name, 0700, 0) == 0)
        place = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0) return -errno;
    /* Without the right to write or search nothing in it could be removed. */
    fchmod(place, 0700);
    DIR *directory = fdopendir(place);
    if (!directory) {
        int reason = errno;
        close(place);
        return -reason;
    }
    struct dirent *entry;
    while ((entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            remove_at(dirfd(directory), entry->d_name, depth + 1);
    closedir(directory);
    return unlinkat(parent, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

int londi_remove_tree(const char *path) { return remove_at(AT_FDCWD, path, 0); }
