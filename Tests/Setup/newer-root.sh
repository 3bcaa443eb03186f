#!/usr/bin/env bash
# Puts the root directory of a newer Debian into the cache, with its systemd and what the service's tests need; as root or by sudo.
# Usage: newer-root.sh; prints the directory.
# It comes from the mirror that this machine's own apt uses.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

suite=trixie
packages=systemd,systemd-sysv,libpam-systemd,dbus,passwd,procps,binutils,python3,tzdata,ca-certificates,libsqlite3-0,libcurl4t64,libssl3t64,libstdc++6,libgomp1
target=$cache/roots/$suite-$(printf %s "$packages" | sha256sum | cut -c1-8)

mirror() {
    local codename
    codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
    # shellcheck disable=SC2016 # the words are apt's to replace
    apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
        awk -v codename="$codename" '$2 == codename && $3 == "main" { print $1; exit }'
}

make() {
    [ ! -d "$target" ] || return 0
    "$repository/Tests/Setup/packages.sh" mmdebstrap debian-archive-keyring
    need_space 700 "the root directory of Debian $suite"
    local from log=$cache/root-$suite.log
    from=$(mirror)
    [ -n "$from" ] || die "apt knows no mirror of this machine's own release; name one in /etc/apt/sources.list"
    say "making a root directory of Debian $suite"
    need_root "making a root directory"
    "${as_root[@]}" rm -rf "$target.new"
    mkdir -p "$cache/roots"
    if ! "${as_root[@]}" mmdebstrap --mode=root --variant=minbase --include="$packages" "$suite" "$target.new" "$from" >"$log" 2>&1; then
        tail -n 5 "$log" >&2
        die "mmdebstrap could not make it (whole log: $log)"
    fi
    mv "$target.new" "$target"
}

with_lock "root-$suite" make
echo "$target"
