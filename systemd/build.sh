# Sourced by install.sh and build-deb.sh: the binaries as they are shipped.
# shellcheck shell=bash

set -euo pipefail

# The checkout this file lies in.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

# Ends the script with a message that names what failed and what to do about it.
die() {
    printf 'error: %s\n' "$*" >&2
    exit 2
}

# build_binaries: sets binaries, a directory with londid and londictl that need no Swift at run time.
build_binaries() {
    command -v swift >/dev/null || die "swift is not on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install"
    say "building londid and londictl"
    local options=(-c release --static-swift-stdlib --scratch-path "$repository/.build/static")
    (cd "$repository" && swift build "${options[@]}" --product londid && swift build "${options[@]}" --product londictl) >&2 ||
        die "the build failed; it needs the Debian packages libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config g++"
    binaries=$(cd "$repository" && swift build "${options[@]}" --show-bin-path)
}
