#pragma once

#include "CSystem.h"

#include <linux/filter.h>

enum { FILTER_CAPACITY = 256 };

struct filter {
    struct sock_filter instructions[FILTER_CAPACITY];
    unsigned short count;
};

/* Writes the system calls that a confined child is refused with EPERM into `filter`. */
void londi_build_filter(struct filter *filter, const struct londi_confinement *confinement, pid_t londid);

/* How many processes and threads this user has. */
uint64_t londi_own_tasks(void);
