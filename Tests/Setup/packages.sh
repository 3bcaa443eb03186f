#!/usr/bin/env bash
# Installs the Debian packages that the build, the tests and the demo need, if any is missing.
# Usage: packages.sh NAME...
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

missing=()
for name in "$@"; do
    dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed || missing+=("$name")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

need_root "installing ${missing[*]}"
say "installing Debian packages: ${missing[*]}"
log=$cache/apt.log
if ! { "${as_root[@]}" apt-get update && "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    die "apt-get could not install ${missing[*]} (whole log: $log); check the network and /etc/apt/sources.list"
fi
