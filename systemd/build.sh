# Sourced by install.sh and build-deb.sh: the binaries as they are shipped.
# shellcheck shell=bash

# shellcheck source=messages.sh
. "$(dirname "${BASH_SOURCE[0]}")/messages.sh"

# The checkout this file lies in.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# build_binaries [PRODUCT...]: sets binaries, a directory with londid, londictl and what else is named, that need no Swift at run time.
build_binaries() {
    command -v swift >/dev/null || die "swift is not on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install"
    local product options=(-c release --static-swift-stdlib --scratch-path "$repository/.build/static")
    for product in londid londictl "$@"; do
        say "building $product"
        (cd "$repository" && swift build "${options[@]}" --product "$product") >&2 ||
            die "the build failed; it needs the Debian packages libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config g++"
    done
    binaries=$(cd "$repository" && swift build "${options[@]}" --show-bin-path)
}
