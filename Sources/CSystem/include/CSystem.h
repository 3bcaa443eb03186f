#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The few system calls that Swift's Glibc module lacks. Each returns 0 or more, or minus an errno. */

/* What a child, and whatever it starts, may not do. See filter.c. */
struct londi_confinement {
    int ruleset;          /* from londi_ruleset */
    int landlock_version; /* that the ruleset was made for */
    int is_server;        /* a model's server, not a command: see ServerConfinement.swift */
    int allows_network;   /* a command: sockets of IPv4 and IPv6; a server: connections to others */
    uint64_t tasks;       /* so many processes and threads more than this user has now; 0 for any; root is not held by it */
};

/* Starts a program without fork's copy: vfork and exec in a new process group, with an empty signal mask, default signal
   handlers, all descriptors closed but 0, 1, 2, and death with the spawning thread (PR_SET_PDEATHSIG, SIGKILL): spawn
   from a thread that never ends. `niceness` 0 is londid's own. `directory` and `confinement` may be null. Returns the pid; a failed exec is minus its
   errno. */
pid_t londi_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                  int standard_input, int standard_output, int standard_error, uint64_t memory_bytes,
                  uint64_t cpu_seconds, int niceness, const struct londi_confinement *confinement);

/* The version of Landlock that this kernel has, from 1. */
int londi_landlock_version(void);

/* A Landlock ruleset that allows nothing yet. */
int londi_ruleset(int version);

/* Allows, at or below `path`, to read and run what is there, to do anything, or to make sockets. Does nothing for a symbolic
   link. */
enum { LONDI_READ, LONDI_WRITE, LONDI_BIND };
int londi_allow(int ruleset, int version, const char *path, int access);

/* Removes a directory with all that is in it. Nobody may be changing it. */
int londi_remove_tree(const char *path);

/* From now on blocks of at least so many bytes go back to the system when they are freed: glibc raises that limit by itself
   to the largest that it has seen, and keeps what is below. */
void londi_return_blocks(int bytes);

/* Gives memory that was freed back to the system. */
void londi_return_memory(void);

/* From now on the calling thread gives way to others so far, 0 to 19. */
void londi_give_way(int niceness);

/* 1 where the kernel says that somebody keeps its clock in time, 0 where nobody does. */
int londi_clock_is_kept(void);

/* A descriptor that becomes readable when the process ends. */
int londi_pidfd(pid_t pid);

/* The peer of a connected Unix socket, as of connect(). */
int londi_peer(int socket, uint32_t *uid, uint32_t *gid, int32_t *pid);

/* The peer's supplementary groups; returns how many were written, at most `capacity`. */
int londi_peer_groups(int socket, uint32_t *groups, int capacity);

/* accept4 with SOCK_CLOEXEC | SOCK_NONBLOCK, and pipe2 with O_CLOEXEC. */
int londi_accept(int socket);
int londi_pipe(int ends[2]);

/* A descriptor that becomes readable at an instant of CLOCK_REALTIME, and whenever that clock is set. */
int londi_clock_alarm(int64_t unix_milliseconds);

/* Calendar day (days since 1970-01-01) of an instant in an IANA zone, by glibc's own zone database code. An unknown or
   unreadable zone is -ENOENT, never UTC. Serialised inside; the process's TZ belongs to this function. */
int londi_zone_day(const char *zone, int64_t unix_seconds, int64_t *day);
/* Seconds since local midnight's wall clock of the same instant: 0 to 86,399. */
int londi_zone_second_of_day(const char *zone, int64_t unix_seconds, int32_t *second);
