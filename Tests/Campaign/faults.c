// Loaded into londid with LD_PRELOAD: counts the calls that change the files below one directory, over all threads, and
// kills the process before the N-th of them or lets it fail. Only calls that change a file's content, its length, its
// name or its durability count; SQLite's shared memory (-shm) is rebuilt by every start and does not.
//
//   LONDI_FAULT_DIRECTORY  the files below it count
//   LONDI_FAULT_AT         N, from 1; 0 only counts
//   LONDI_FAULT_KIND       kill, EIO, ENOSPC or EROFS
//   LONDI_FAULT_COUNT      how many calls fail, from the N-th on (default 1); 0: all of them
//   LONDI_FAULT_ONLY       sync: only fsync and fdatasync count; write: only the others do
//   LONDI_FAULT_WHILE      only while this file exists do calls count
//   LONDI_FAULT_LOG        gets one line for each call that failed, and at a clean end "total N"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static const char *directory, *condition;
static long at, most = 1;
static int error_number;  // 0: kill
static int only_sync, only_write;
static int log_descriptor = -1;
static atomic_long calls;

__attribute__((constructor)) static void begin(void) {
    const char *text;
    directory = getenv("LONDI_FAULT_DIRECTORY");
    condition = getenv("LONDI_FAULT_WHILE");
    if ((text = getenv("LONDI_FAULT_AT"))) at = atol(text);
    if ((text = getenv("LONDI_FAULT_COUNT"))) most = atol(text);
    if ((text = getenv("LONDI_FAULT_KIND")))
        error_number = !strcmp(text, "EIO") ? EIO : !strcmp(text, "ENOSPC") ? ENOSPC
            : !strcmp(text, "EROFS") ? EROFS : 0;
    if ((text = getenv("LONDI_FAULT_ONLY"))) {
        only_sync = !strcmp(text, "sync");
        only_write = !strcmp(text, "write");
    }
    if ((text = getenv("LONDI_FAULT_LOG")))
        log_descriptor = (int)syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(const char *what, const char *path, long number) {
    char line[PATH_MAX + 64];
    if (log_descriptor < 0) return;
    int length = snprintf(line, sizeof line, "%ld %s %s\n", number, what, path);
    syscall(SYS_write, log_descriptor, line, (size_t)length);
}

__attribute__((destructor)) static void end(void) { note("total", "", atomic_load(&calls)); }

// 0: go on. Else: fail with this errno.
static int decide(const char *what, const char *path) {
    if (!directory || !path || strncmp(path, directory, strlen(directory))) return 0;
    size_t length = strlen(path);
    if (length > 4 && !strcmp(path + length - 4, "-shm")) return 0;
    int is_sync = strstr(what, "sync") != NULL;
    if ((only_sync && !is_sync) || (only_write && is_sync)) return 0;
    if (condition && access(condition, F_OK)) return 0;
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (!at || number < at || (most && number >= at + most)) return 0;
    note(what, path, number);
    if (error_number) return error_number;
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static int decide_descriptor(const char *what, int descriptor) {
    if (!directory) return 0;
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return decide(what, path);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAIL_IF(decision) \
    do { int reason = (decision); if (reason) { errno = reason; return -1; } } while (0)

ssize_t write(int d, const void *b, size_t n) { REAL(write); FAIL_IF(decide_descriptor("write", d)); return real(d, b, n); }
ssize_t pwrite(int d, const void *b, size_t n, off_t o) { REAL(pwrite); FAIL_IF(decide_descriptor("pwrite", d)); return real(d, b, n, o); }
ssize_t pwrite64(int d, const void *b, size_t n, off64_t o) { REAL(pwrite64); FAIL_IF(decide_descriptor("pwrite", d)); return real(d, b, n, o); }
int fsync(int d) { REAL(fsync); FAIL_IF(decide_descriptor("fsync", d)); return real(d); }
int fdatasync(int d) { REAL(fdatasync); FAIL_IF(decide_descriptor("fdatasync", d)); return real(d); }
int ftruncate(int d, off_t n) { REAL(ftruncate); FAIL_IF(decide_descriptor("ftruncate", d)); return real(d, n); }
int ftruncate64(int d, off64_t n) { REAL(ftruncate64); FAIL_IF(decide_descriptor("ftruncate", d)); return real(d, n); }
int rename(const char *a, const char *b) { REAL(rename); FAIL_IF(decide("rename", b)); return real(a, b); }
int unlink(const char *p) { REAL(unlink); FAIL_IF(decide("unlink", p)); return real(p); }
int mkdir(const char *p, mode_t m) { REAL(mkdir); FAIL_IF(decide("mkdir", p)); return real(p, m); }

// Only an open that makes or empties a file changes something.
#define OPEN(name) \
    int name(const char *p, int flags, ...) { \
        REAL(name); \
        mode_t mode = 0; \
        if (flags & (O_CREAT | O_TMPFILE)) { \
            va_list rest; \
            va_start(rest, flags); \
            mode = va_arg(rest, mode_t); \
            va_end(rest); \
        } \
        if ((flags & O_TRUNC) || ((flags & O_CREAT) && access(p, F_OK) != 0)) FAIL_IF(decide("open", p)); \
        return real(p, flags, mode); \
    }
OPEN(open)
OPEN(open64)
