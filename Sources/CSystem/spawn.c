#define _GNU_SOURCE
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void limit(int resource, uint64_t value) {
    if (value == 0) return;
    struct rlimit both = {value, value};
    setrlimit(resource, &both);
}

/* Where memory ends the kernel takes commands first, then servers, then londid. Best effort: /proc may be away. */
static void offer_to_oom_killer(const char *readiness) {
    int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (file < 0) return;
    ssize_t written = write(file, readiness, strlen(readiness));
    (void)written;
    close(file);
}

#ifndef SYS_landlock_restrict_self
#define SYS_landlock_restrict_self 446
#endif

/* Landlock's rules hold from here on. Best effort are only the capabilities of a londid that root runs. */
static int enter_ruleset(const struct londi_confinement *confinement, uint64_t tasks) {
    for (int capability = 0; prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0; capability++) {}
    struct rlimit limits = {tasks, tasks};
    if (tasks > 0 && setrlimit(RLIMIT_NPROC, &limits) < 0) return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) return -1;
    return (int)syscall(SYS_landlock_restrict_self, confinement->ruleset, 0);
}

static int above_two(int descriptor) { return fcntl(descriptor, F_DUPFD, 3); }

pid_t londi_spawn(const char *path, char *const arguments[], char *const environment[], const char *directory,
                  int standard_input, int standard_output, int standard_error, uint64_t memory_bytes,
                  uint64_t cpu_seconds, int niceness, const struct londi_confinement *confinement) {
    struct filter filter;
    struct sock_fprog program = {.filter = filter.instructions};
    uint64_t tasks = 0;
    if (confinement) {
        londi_build_filter(&filter, confinement, getpid());
        program.len = filter.count;
        if (confinement->tasks > 0) tasks = londi_own_tasks() + confinement->tasks;
    }
    /* The child borrows this thread's memory until exec: it changes nothing here but `failure`, and no signal handler of
       ours may run in it, so everything is blocked around vfork. */
    sigset_t everything, before;
    sigfillset(&everything);
    pthread_sigmask(SIG_SETMASK, &everything, &before);
    volatile int failure = 0;
    pid_t parent = getpid();
    pid_t child = vfork();
    if (child == 0) {
        struct sigaction normal;
        memset(&normal, 0, sizeof normal);
        normal.sa_handler = SIG_DFL;
        for (int number = 1; number < NSIG; number++) sigaction(number, &normal, NULL);
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(127);
        /* Lifted above 2 first, so that no copy overwrites a source. */
        int in = above_two(standard_input), out = above_two(standard_output),
            err = above_two(standard_error);
        if (in < 0 || out < 0 || err < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0) goto failed;
        if (directory && chdir(directory) < 0) goto failed;
        offer_to_oom_killer(confinement && !confinement->is_server ? "900" : "500");
        if (confinement && enter_ruleset(confinement, tasks) < 0) goto failed;
        if (syscall(SYS_close_range, 3U, ~0U, 0U) < 0) goto failed;
        limit(RLIMIT_AS, memory_bytes);
        limit(RLIMIT_CPU, cpu_seconds);
        if (niceness > 0) setpriority(PRIO_PROCESS, 0, niceness);
        struct rlimit no_core = {0, 0};
        setrlimit(RLIMIT_CORE, &no_core);
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, NULL);
        if (confinement && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0) goto failed;
        execve(path, arguments, environment);
    failed:
        failure = errno;
        _exit(127);
    }
    int vfork_error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (child < 0) return -vfork_error;
    if (failure) {
        waitpid(child, NULL, 0);
        return -failure;
    }
    return child;
}
