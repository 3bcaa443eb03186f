#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* glibc reads the zone from the variable TZ, which is one for the whole process. The variable is put into the
   environment once and its value is changed in place, under the lock: setenv would move memory that other threads may be
   reading in getenv. Nothing else in Londi asks for local time. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char variable[128] = "TZ=UTC";
static int is_placed;

/* glibc takes any unknown name as UTC without a word, so the zone's file is looked at first. */
static int zone_exists(const char *zone) {
    if (strlen(zone) > 100 || zone[0] == '/' || zone[0] == '\0' || strstr(zone, "..")) return 0;
    char path[256];
    const char *directory = getenv("TZDIR");
    snprintf(path, sizeof path, "%s/%s", directory ? directory : "/usr/share/zoneinfo", zone);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    char magic[4];
    int is_zone = fread(magic, 1, 4, file) == 4 && memcmp(magic, "TZif", 4) == 0;
    fclose(file);
    return is_zone;
}

static int broken_down(const char *zone, int64_t unix_seconds, struct tm *result) {
    if (strcmp(zone, "UTC") != 0 && !zone_exists(zone)) return -ENOENT;
    time_t instant = (time_t)unix_seconds;
    pthread_mutex_lock(&lock);
    if (!is_placed) {
        putenv(variable);
        is_placed = 1;
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
