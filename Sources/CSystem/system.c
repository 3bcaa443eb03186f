#define _GNU_SOURCE
#include "CSystem.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <sys/timex.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

void londi_return_blocks(int bytes) { mallopt(M_MMAP_THRESHOLD, bytes); }

void londi_return_memory(void) { malloc_trim(0); }

void londi_give_way(int niceness) { setpriority(PRIO_PROCESS, 0, niceness); }

int londi_pidfd(pid_t pid) {
    long descriptor = syscall(SYS_pidfd_open, pid, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

int londi_peer(int socket, uint32_t *uid, uint32_t *gid, int32_t *pid) {
    struct ucred peer;
    socklen_t length = sizeof peer;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0) return -errno;
    *uid = peer.uid;
    *gid = peer.gid;
    *pid = peer.pid;
    return 0;
}

int londi_peer_groups(int socket, uint32_t *groups, int capacity) {
    socklen_t length = (socklen_t)(sizeof *groups * (size_t)capacity);
    if (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &length) < 0) return -errno;
    return (int)(length / sizeof *groups);
}

int londi_accept(int socket) {
    int descriptor = accept4(socket, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int londi_clock_alarm(int64_t unix_milliseconds) {
    int descriptor = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (descriptor < 0) return -errno;
    /* Zero would disarm it: an instant long ago is as good as the first one after the epoch. */
    int64_t instant = unix_milliseconds > 0 ? unix_milliseconds : 1;
    struct itimerspec when = {.it_value = {.tv_sec = instant / 1000, .tv_nsec = instant % 1000 * 1000000}};
    if (timerfd_settime(descriptor, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &when, NULL) < 0 && errno != ECANCELED) {
        int reason = errno;
        close(descriptor);
        return -reason;
    }
    return descriptor;
}

int londi_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0; }

int londi_clock_is_kept(void) {
    struct timex time = {0};
    int state = adjtimex(&time);
    return state < 0 ? -errno : !(time.status & STA_UNSYNC);
}
