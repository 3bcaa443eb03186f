#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* glibc reads the zone from the variable TZ, which is one for the whole process. The variable is put into the
   environment once and its value is changed in place, under the lock: setenv would move memory that other threads may be
   reading in getenv. Nothing else in Londi asks for local time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char variable[128] = "TZ=UTC";
static int is_placed;

/* The file that glibc has read for the present value of the variable; of UTC, which needs none, all is zero. */
static struct zone_file {
    dev_t device;
    ino_t inode;
    struct timespec changed;
    off_t size;
} loaded;

/* glibc takes any unknown name as UTC without a word, so the zone's file is looked at first. */
static int find_zone(const char *zone, struct zone_file *found) {
    if (strlen(zone) > 100 || zone[0] == '/' || zone[0] == '\0' || strstr(zone, "..")) return 0;
    char path[256];
    const char *directory = getenv("TZDIR");
    snprintf(path, sizeof path, "%s/%s", directory ? directory : "/usr/share/zoneinfo", zone);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    char magic[4];
    struct stat status;
    int is_zone = fread(magic, 1, 4, file) == 4 && memcmp(magic, "TZif", 4) == 0 && fstat(fileno(file), &status) == 0;
    if (is_zone) *found = (struct zone_file){status.st_dev, status.st_ino, status.st_ctim, status.st_size};
    fclose(file);
    return is_zone;
}

static int is_same(const struct zone_file *one, const struct zone_file *other) {
    return one->device == other->device && one->inode == other->inode && one->size == other->size
        && one->changed.tv_sec == other->changed.tv_sec && one->changed.tv_nsec == other->changed.tv_nsec;
}

static int broken_down(const char *zone, int64_t unix_seconds, struct tm *result) {
    struct zone_file file = {0};
    if (strcmp(zone, "UTC") != 0 && !find_zone(zone, &file)) return -ENOENT;
    time_t instant = (time_t)unix_seconds;
    pthread_mutex_lock(&lock);
    if (!is_placed) {
        putenv(variable);
        is_placed = 1;
    }
    /* glibc reads a file again only after another zone: it would keep to a file that an update has replaced. */
    if (!is_same(&file, &loaded)) {
        strcpy(variable, "TZ=UTC0");
        tzset();
        loaded = file;
    }
    snprintf(variable, sizeof variable, strcmp(zone, "UTC") == 0 ? "TZ=%s0" : "TZ=:%s", zone);
    tzset();
    struct tm *filled = localtime_r(&instant, result);
    pthread_mutex_unlock(&lock);
    return filled ? 0 : -EOVERFLOW;
}

int londi_zone_day(const char *zone, int64_t unix_seconds, int64_t *day) {
    struct tm local;
    int status = broken_down(zone, unix_seconds, &local);
    if (status < 0) return status;
    /* timegm counts a broken-down time as if it were UTC: exactly the calendar day. */
    local.tm_hour = local.tm_min = local.tm_sec = 0;
    local.tm_isdst = 0;
    *day = (int64_t)timegm(&local) / 86400; /* exact: the time of day is zero */
    return 0;
}

int londi_zone_second_of_day(const char *zone, int64_t unix_seconds, int32_t *second) {
    struct tm local;
    int status = broken_down(zone, unix_seconds, &local);
    if (status < 0) return status;
    int32_t value = local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec;
    *second = value > 86399 ? 86399 : value;
    return 0;
}
