#!/usr/bin/env bash
# Boots a systemd as PID 1 of namespaces of its own, on an overlay of this machine's own / : no image, no download. As root.
# Usage: boot.sh WORK MODELS SERVER
#   WORK    a directory on a tmpfs; what the container writes stays in it, so that the next boot finds it
#   MODELS  appears as /opt/models, read-only
#   SERVER  the directory above llama-server's bin, appears as /opt/llama.cpp, read-only
# It runs until the container's systemd ends, by `systemctl reboot`, poweroff or a kill; the console is stdout.
set -euo pipefail
work=$1 models=$2 server=$3

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

prepare_and_boot() {
    local root=$work/root file unit
    mount -t overlay -o "lowerdir=/,upperdir=$work/upper,workdir=$work/work" overlay "$root"
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
    mkdir -p "$root/opt/models" "$root/opt/llama.cpp" "$root/oldroot"
    mount --bind "$models" "$root/opt/models"
    mount --bind "$server" "$root/opt/llama.cpp"

    hostname londi-test
    echo londi-test >"$root/etc/hostname"
    # The machine's own services stay out, and nothing forbids packages to start theirs.
    if [ ! -e "$root/etc/londi-test" ]; then
        rm -rf "$root/etc/systemd/system" "$root/etc/fstab" "$root/usr/sbin/policy-rc.d"
        mkdir "$root/etc/systemd/system"
        for unit in getty.target systemd-logind.service systemd-timesyncd.service systemd-networkd.service \
            systemd-resolved.service e2scrub_reap.service; do
            ln -s /dev/null "$root/etc/systemd/system/$unit"
        done
        od -An -N16 -tx1 /dev/urandom | tr -d ' \n' >"$root/etc/machine-id"
        touch "$root/etc/londi-test"
    fi
    cd "$root"
    pivot_root . oldroot
    # Shared, as systemd makes it where it finds no container: what it mounts for a credential must be seen outside of that service.
    exec chroot . /usr/bin/setpriv --bounding-set -sys_time,-sys_module,-sys_rawio,-mknod --inh-caps -all \
        /usr/bin/env -i container=londi-test /bin/sh -c \
        'umount -l /oldroot; mount --make-rshared /; exec /lib/systemd/systemd --show-status=0 --log-target=journal systemd.unit=multi-user.target'
}
export -f prepare_and_boot
export work models server
(
    echo "$BASHPID" >"$cgroup/cgroup.procs"
    exec unshare --mount --cgroup --pid --uts --ipc --net --fork --kill-child --mount-proc --propagation private \
        bash -euo pipefail -c prepare_and_boot
) </dev/null || true
