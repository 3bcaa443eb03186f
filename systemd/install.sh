#!/usr/bin/env bash
# Installs Londi as a system service from this checkout: builds it, copies binaries and units, makes the accounts. As root.
# Usage: systemd/install.sh [--prefix DIR] [--binaries DIR] [--root DIR [--units DIR]] | --uninstall [--prefix DIR]
#   --prefix     where bin/, share/ and the rest go (default /usr/local)
#   --binaries   londid and londictl are here already; nothing is built
#   --root       only copies files, below DIR: for packages. Nothing of the running system is touched
#   --units      where units go (default PREFIX/lib/systemd/system)
#   --uninstall  stops Londi and removes what this script has installed; configuration, state and accounts stay
# shellcheck source=build.sh
. "$(dirname "$0")/build.sh"

prefix=/usr/local root='' units='' binaries='''' uninstall=0
while [ $# -gt 0 ]; do
    case $1 in
    --prefix) prefix=${2:?--prefix needs a directory} && shift 2 ;;
    --binaries) binaries=${2:?--binaries needs a directory} && shift 2 ;;
    --root) root=${2:?--root needs a directory} && shift 2 ;;
    --units) units=${2:?--units needs a directory} && shift 2 ;;
    --uninstall) uninstall=1 && shift ;;
    *) die "'$1' is unknown; see the head of $0" ;;
    esac
done
units=${units:-$prefix/lib/systemd/system}
# systemd-sysusers and systemd-tmpfiles read no directory below /usr/local.
settings=$prefix/lib
[ "$prefix" = /usr ] || settings=/etc
[ -n "$root" ] || [ "$(id -u)" = 0 ] || die "$0 must run as root; --root DIR copies the files elsewhere"

# files: each installed file with its mode and its source, one per line.
files() {
    local here=$repository/systemd file
    printf '%s\n' \
        "$prefix/bin/londid 755 $binaries/londid" \
        "$prefix/bin/londictl 755 $binaries/londictl" \
        "$settings/sysusers.d/londi.conf 644 $here/sysusers.conf" \
        "$settings/tmpfiles.d/londi.conf 644 $here/tmpfiles.conf" \
        "$prefix/share/doc/londi/README.md 644 $repository/README.md" \
        "$prefix/share/doc/londi/londid.conf 644 $here/londid.conf"
    for file in londid.service londid.socket londid-gpu.service londi.slice; do
        printf '%s\n' "$units/$file 644 $here/$file"
    done
    printf '%s\n' "$prefix/lib/systemd/user/londid.service 644 $here/user/londid.service"
    for file in "$here"/drop-ins/*.conf; do
        printf '%s\n' "$prefix/share/londi/drop-ins/$(basename "$file") 644 $file"
    done
}

if [ "$uninstall" = 1 ]; then
    systemctl disable --now londid.service londid.socket 2>/dev/null || true
    files | while read -r path _ _; do rm -f "$path"; done
    rmdir --ignore-fail-on-non-empty "$prefix/share/londi/drop-ins" "$prefix/share/londi" "$prefix/share/doc/londi" 2>/dev/null || true
    systemctl daemon-reload
    say "removed. What stays: /etc/londi, /var/lib/londi, /var/cache/londi, the account londi and the groups londi and londi-admin"
    exit 0
fi

[ -n "$binaries" ] || build_binaries
files | while read -r path mode source; do
    install -D -m "$mode" "$source" "$root$path"
done
# The units name the packages' paths.
[ "$prefix" = /usr ] || sed -i "s|/usr/bin/londi|$prefix/bin/londi|; s|/usr/share/|$prefix/share/|" \
    "$root$units/londid.service" "$root$prefix/lib/systemd/user/londid.service"
[ -z "$root" ] || exit 0

strip "$prefix/bin/londid" "$prefix/bin/londictl"
systemd-sysusers londi.conf
systemd-tmpfiles --create londi.conf
systemctl daemon-reload
install -d -m 755 /etc/londi
systemctl enable --quiet londid.socket londid.service
if systemctl is-active --quiet londid.service; then
    say "restarting londid; jobs go on where they were"
    systemctl restart londid.service
elif [ ! -e /etc/londi/londid.conf ]; then
    say "next: cp $prefix/share/doc/londi/londid.conf /etc/londi/, name your two models in it, then: systemctl start londid"
fi
