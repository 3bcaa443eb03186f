#!/usr/bin/env bash
# Checks the shipped units by systemd's own means, with each drop-in: no word from `verify`, and an exposure of at most 1.0 as shipped.
# Usage: units.sh
# shellcheck source=../Setup/common.sh
. "$(dirname "$0")/../Setup/common.sh"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for unit in londid.service londid.socket londid-gpu.service londi.slice; do
    # The programs need not be installed here.
    sed -E 's#^(Exec[A-Za-z]*=)/usr/bin/(londid|londictl|nvidia-modprobe)#\1/bin/true#' "$repository/systemd/$unit" >"$work/$unit"
done

exposure() { systemd-analyze security --offline=true --no-pager "$work/londid.service" | sed -n 's/.*exposure level for londid.service: \([0-9.]*\).*/\1/p'; }

check() {
    local words
    words=$(systemd-analyze verify --man=no --recursive-errors=yes "$work"/*.service "$work"/*.socket "$work"/*.slice 2>&1) || true
    [ -z "$words" ] || die "systemd-analyze verify says of the units ($1): $words"
    say "the units are right ($1), exposure $(exposure)"
}

check "as shipped"
mkdir "$work/user"
sed -E 's#^(Exec[A-Za-z]*=)/usr/bin/(londid|londictl)#\1/bin/true#' "$repository/systemd/user/londid.service" >"$work/user/londid.service"
words=$(XDG_RUNTIME_DIR=$work systemd-analyze verify --user --man=no --recursive-errors=yes "$work/user/londid.service" 2>&1) || true
[ -z "$words" ] || die "systemd-analyze verify says of the user's unit: $words"
awk -v exposure="$(exposure)" 'BEGIN { exit exposure == "" || exposure > 1.0 }' || die "londid.service is exposed too much: $(exposure)"
for file in "$repository"/systemd/drop-ins/*.conf; do
    mkdir "$work/londid.service.d"
    cp "$file" "$work/londid.service.d/"
    check "$(basename "$file")"
    rm -r "$work/londid.service.d"
done
