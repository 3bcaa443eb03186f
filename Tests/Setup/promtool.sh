#!/usr/bin/env bash
# Puts promtool of Debian's package prometheus into the cache, without the server that the package would start.
# Prints its path.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

directory=$cache/promtool
prepare() {
    [ -x "$directory/usr/bin/promtool" ] && return
    say "fetching promtool"
    rm -rf "$directory"
    mkdir -p "$directory"
    (cd "$directory" && apt-get -o APT::Sandbox::User=root download prometheus >&2 && dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb) ||
        die "promtool could not be fetched: \`apt-get download prometheus\` failed; run apt-get update"
}
with_lock promtool prepare
echo "$directory/usr/bin/promtool"
