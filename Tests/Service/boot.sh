#!/usr/bin/env bash
# Boots a systemd as PID 1 of namespaces of its own, on an overlay of a root directory. As root.
# Usage: boot.sh WORK MODELS SERVER ROOT
#   WORK    a directory on a tmpfs; what the container writes stays in it, so that the next boot finds it
#   MODELS  appears as /opt/models, read-only
#   SERVER  the directory above llama-server's bin, appears as /opt/llama.cpp, read-only
#   ROOT    / for this machine's own, by util-linux's means alone; anything else is booted by systemd-nspawn
# It runs until the container's systemd ends, by `systemctl reboot`, poweroff or a kill; the console is stdout.
set -euo pipefail
work=$1 models=$2 server=$3 lower=$4

# A cgroup of its own, in the version 2 hierarchy, which on hybrid machines is a directory of the other.
hierarchy=/sys/fs/cgroup/unified
[ -d "$hierarchy" ] || hierarchy=/sys/fs/cgroup
cgroup=$hierarchy/londi-test.$$
mkdir "$cgroup"
mkdir -p "$work/upper" "$work/work" "$work/root"
clean_up() {
    for _ in $(seq 50); do
        find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null
        [ -d "$cgroup" ] || break
        sleep 0.1
    done
}
trap clean_up EXIT

# The root directory as it is booted. The machine's own services stay out, and nothing forbids packages to start theirs.
prepare() {
    local unit
    root=$work/root
    mount -t overlay -o "lowerdir=$lower,upperdir=$work/upper,workdir=$work/work" overlay "$root"
    mkdir -p "$root/opt/models" "$root/opt/llama.cpp"
    [ ! -e "$root/etc/londi-test" ] || return 0
    rm -rf "$root/etc/systemd/system" "$root/etc/fstab" "$root/usr/sbin/policy-rc.d"
    mkdir "$root/etc/systemd/system"
    for unit in getty.target systemd-logind.service systemd-timesyncd.service systemd-networkd.service \
        systemd-resolved.service e2scrub_reap.service; do
        ln -s /dev/null "$root/etc/systemd/system/$unit"
    done
    echo londi-test >"$root/etc/hostname"
    od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$root/etc/machine-id"
    touch "$root/etc/londi-test"
}

# With what nspawn takes away by default and a unit's device and address filters, and Landlock, need.
boot_by_nspawn() {
    umount -Rl /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount -t tmpfs -o mode=755 tmpfs /run
    SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --boot --quiet --directory="$root" --machine=londi-test \
        --bind-ro="$models:/opt/models" --bind-ro="$server:/opt/llama.cpp" --private-network \
        --capability=CAP_BPF --system-call-filter=@known \
        --register=no --keep-unit --console=pipe --link-journal=no --resolv-conf=off --timezone=off \
        -- --show-status=0 systemd.unit=multi-user.target
}

boot() {
    local file
    mount -t proc proc "$root/proc"
    # systemd sets limits of the whole kernel at its start: it must not change this machine's.
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount -o remount,bind,ro,nosuid,nodev,noexec "$root/proc/sys"
    if [ -e "$root/proc/sysrq-trigger" ]; then
        mount --bind /dev/null "$root/proc/sysrq-trigger"
    fi
    mount -t sysfs -o ro sysfs "$root/sys"
    mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
    mount -t tmpfs -o mode=755,nosuid tmpfs "$root/dev"
    for file in null zero full random urandom tty; do cp -a "/dev/$file" "$root/dev/"; done
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s fd/0 "$root/dev/stdin"
    ln -s fd/1 "$root/dev/stdout"
    ln -s fd/2 "$root/dev/stderr"
    mkdir "$root/dev/pts" "$root/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts "$root/dev/pts"
    ln -s pts/ptmx "$root/dev/ptmx"
    mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
    mount -t tmpfs -o mode=755 tmpfs "$root/run"
    mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
    mkdir -p "$root/oldroot"
    mount --bind "$models" "$root/opt/models"
    mount --bind "$server" "$root/opt/llama.cpp"

    hostname londi-test
    cd "$root"
    pivot_root . oldroot
    # Shared, as systemd makes it where it finds no container: what it mounts for a credential must be seen outside of that service.
    exec chroot . /usr/bin/setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-mknod --inh-caps -all \
        /usr/bin/env -i container=londi-test /bin/sh -c \
        'umount -l /oldroot; mount --make-rshared /; exec /lib/systemd/systemd --show-status=0 --log-target=journal systemd.unit=multi-user.target'
}
how=boot
[ "$lower" = / ] || how=boot_by_nspawn
export -f prepare boot boot_by_nspawn
export work models server lower how
(
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    exec unshare --mount --cgroup --pid --uts --ipc --net --fork --kill-child --mount-proc --propagation private \
        bash -euo pipefail -c 'prepare && "$how"'
) </dev/null || true
