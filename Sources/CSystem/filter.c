#define _GNU_SOURCE
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* System calls that Debian 12's headers do not know. */
#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif
#ifndef SYS_setxattrat
#define SYS_setxattrat 463
#define SYS_removexattrat 466
#endif
#ifndef SYS_file_setattr
#define SYS_file_setattr 469
#endif

#if defined(__x86_64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_X86_64
/* The x32 calls have numbers of their own from here on. */
#define FIRST_FOREIGN_CALL 0x40000000u
#elif defined(__aarch64__)
#define OUR_ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define LOWER_HALF(number) ((uint32_t)offsetof(struct seccomp_data, args[number]))

static void add(struct filter *filter, struct sock_filter instruction) {
    /* A filter that is cut short would allow what it should refuse. */
    if (filter->count == FILTER_CAPACITY) abort();
    filter->instructions[filter->count++] = instruction;
}

static void load(struct filter *filter, uint32_t offset) {
    add(filter, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset));
}

static void allow(struct filter *filter) {
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
}

static void refuse(struct filter *filter) {
    add(filter, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
}

/* Skips so many instructions unless the accumulator has this value. */
static void unless(struct filter *filter, uint32_t value, uint8_t skipped) {
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, skipped));
}

static void refuse_call(struct filter *filter, long call) {
    unless(filter, (uint32_t)call, 1);
    refuse(filter);
}

/* Refuses `call` where `argument` has one of the values. */
static void refuse_values(struct filter *filter, long call, int argument, const uint32_t *values, int count) {
    unless(filter, (uint32_t)call, (uint8_t)(2 + 2 * count));
    load(filter, LOWER_HALF(argument));
    for (int index = 0; index < count; index++) {
        unless(filter, values[index], 1);
        refuse(filter);
    }
    allow(filter);
}

/* Refuses `call` unless the bits of `mask` of `argument` are one of the values. */
static void refuse_others(struct filter *filter, long call, int argument, uint32_t mask, const uint32_t *values,
                          int count) {
    unless(filter, (uint32_t)call, (uint8_t)(3 + 2 * count));
    load(filter, LOWER_HALF(argument));
    add(filter, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
    for (int index = 0; index < count; index++) {
        unless(filter, values[index], 1);
        allow(filter);
    }
    refuse(filter);
}

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define EVERY_BIT 0xffffffffu

/* Landlock leaves alone what changes a file's owner or mode by its path; leaving the process group would outlive the
   kill of the group; io_uring would do all the rest unseen. */
static const long refused_always[] = {
    SYS_io_uring_setup, SYS_io_uring_enter, SYS_io_uring_register, SYS_setsid, SYS_setpgid, SYS_fchmodat, SYS_fchmodat2,
    SYS_fchownat, SYS_setxattr, SYS_lsetxattr, SYS_removexattr, SYS_lremovexattr, SYS_setxattrat, SYS_removexattrat,
    SYS_file_setattr, SYS_setpriority, SYS_ioprio_set, SYS_pidfd_getfd,
#ifdef SYS_chmod
    SYS_chmod, SYS_chown, SYS_lchown,
#endif
};

/* Of another process than the caller's own thread, whose number is 0. A server lays out its threads, by their numbers. */
static const long refused_of_others[] = {
    SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setparam, SYS_sched_setattr,
};
enum { REFUSED_TO_SERVERS = 1 };

/* Newer kernels' Landlock keeps all signals among those that are confined together, but says nothing of it to who signals
   everybody. For older ones: londid, its group, and the ways to them that leave no number to look at. */
static void refuse_signals(struct filter *filter, pid_t londid, int is_scoped) {
    const uint32_t targets[] = {(uint32_t)-1, (uint32_t)londid, (uint32_t)-getpgid(londid)};
    refuse_values(filter, SYS_kill, 0, targets, is_scoped ? 1 : COUNT(targets));
    if (is_scoped) return;
    refuse_values(filter, SYS_tgkill, 0, targets + 1, 1);
    const long calls[] = {SYS_tkill, SYS_pidfd_send_signal, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo};
    for (int index = 0; index < COUNT(calls); index++) refuse_call(filter, calls[index]);
    const uint32_t owners[] = {F_SETOWN, F_SETOWN_EX}, requests[] = {FIOSETOWN, SIOCSPGRP};
    refuse_values(filter, SYS_fcntl, 1, owners, COUNT(owners));
    refuse_values(filter, SYS_ioctl, 1, requests, COUNT(requests));
}

void londi_build_filter(struct filter *filter, const struct londi_confinement *confinement, pid_t londid) {
    filter->count = 0;
    load(filter, offsetof(struct seccomp_data, arch));
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCHITECTURE, 1, 0));
    refuse(filter);
    load(filter, offsetof(struct seccomp_data, nr));
#ifdef FIRST_FOREIGN_CALL
    add(filter, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, FIRST_FOREIGN_CALL, 0, 1));
    refuse(filter);
#endif
    for (int index = 0; index < COUNT(refused_always); index++) refuse_call(filter, refused_always[index]);
    const uint32_t self[] = {0};
    const int of_others = confinement->is_server ? REFUSED_TO_SERVERS : COUNT(refused_of_others);
    for (int index = 0; index < of_others; index++)
        refuse_others(filter, refused_of_others[index], 0, EVERY_BIT, self, 1);
    if (confinement->is_server) {
        /* Landlock says nothing of who connects to a socket by its path, and a filter cannot see the path. */
        if (!confinement->allows_network) refuse_call(filter, SYS_connect);
    } else {
        /* No socket of the machine's own. A pair's ends are connected for good, but datagrams could go anywhere. */
        const uint32_t connected[] = {SOCK_STREAM, SOCK_SEQPACKET}, network[] = {AF_INET, AF_INET6};
        refuse_others(filter, SYS_socketpair, 1, 0xf, connected, COUNT(connected));
        refuse_others(filter, SYS_socket, 0, EVERY_BIT, network, confinement->allows_network ? COUNT(network) : 0);
    }
    if (confinement->landlock_version < 3) refuse_call(filter, SYS_truncate);
    refuse_signals(filter, londid, confinement->landlock_version >= 6);
    allow(filter);
}
