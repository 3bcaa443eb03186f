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

prefix=/usr/local root='' units='' binaries='' uninstall=0
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
# systemd-sysusers and systemd-tmpfiles read no directory below /usr/local; zsh has one of its own for packages.
settings=$prefix/lib zsh=$prefix/share/zsh/vendor-completions
[ "$prefix" = /usr ] || settings=/etc zsh=$prefix/share/zsh/site-functions
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
        "$prefix/share/doc/londi/londid.conf 644 $here/londid.conf" \
        "$prefix/share/man/man1/londictl.1 644 $generated/londictl.1" \
        "$prefix/share/man/man5/londid.conf.5 644 $generated/londid.conf.5" \
        "$prefix/share/man/man8/londid.8 644 $here/londid.8" \
        "$prefix/share/bash-completion/completions/londictl 644 $generated/bash" \
        "$zsh/_londictl 644 $generated/zsh" \
        "$prefix/share/fish/vendor_completions.d/londictl.fish 644 $generated/fish"
    for file in londid.service londid.socket londid-gpu.service londi.slice; do
        printf '%s\n' "$units/$file 644 $here/$file"
    done
    printf '%s\n' "$prefix/lib/systemd/user/londid.service 644 $here/user/londid.service"
    for file in "$here"/drop-ins/*.conf; do
        printf '%s\n' "$prefix/share/londi/drop-ins/$(basename "$file") 644 $file"
    done
    for file in londi.rules.yml grafana.json; do
        printf '%s\n' "$prefix/share/londi/monitoring/$file 644 $here/monitoring/$file"
    done
}

# What is made of the command table and of the example configuration.
generated=$(mktemp -d)
trap 'rm -rf "$generated"' EXIT
generate() {
    local shell
    "$binaries/londictl" manual >"$generated/londictl.1"
    awk -f "$repository/systemd/manual.awk" "$repository/systemd/londid.conf" >"$generated/londid.conf.5"
    for shell in bash zsh fish; do "$binaries/londictl" completion "$shell" >"$generated/$shell"; done
}

if [ "$uninstall" = 1 ]; then
    systemctl disable --now londid.service londid.socket 2>/dev/null || true
    files | while read -r path _ _; do rm -f "$path"; done
    for path in londi/drop-ins londi/monitoring londi doc/londi bash-completion/completions bash-completion fish/vendor_completions.d fish; do
        rmdir --ignore-fail-on-non-empty "$prefix/share/$path" 2>/dev/null || true
    done
    systemctl daemon-reload
    say "removed. What stays: /etc/londi, /var/lib/londi, /var/cache/londi, the account londi and the groups londi and londi-admin"
    exit 0
fi

[ -n "$binaries" ] || build_binaries
generate
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
