# Sourced by install.sh and build-deb.sh: the binaries as they are shipped.
# shellcheck shell=bash

# shellcheck source=messages.sh
. "$(dirname "${BASH_SOURCE[0]}")/messages.sh"

# The checkout this file lies in.
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

# build_binaries [--all]: sets binaries, a directory with londid and londictl (with --all, with londi-bench too), that need no Swift at
# run time. SwiftPM builds one product or all of them in an invocation, so the manifest leaves out what is not shipped.
build_binaries() {
    command -v swift >/dev/null || die "swift is not on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install"
    local shipped=1 options=(-c release --static-swift-stdlib --scratch-path "$repository/.build/static")
    case ${1:-} in
    '') say "building londid and londictl" ;;
    --all) shipped='' && say "building londid, londictl and londi-bench" ;;
    *) die "build_binaries takes --all, not '$1'" ;;
    esac
    (cd "$repository" && LONDI_SHIPPED=$shipped swift build "${options[@]}") >&2 ||
        die "the build failed; it needs the Debian packages libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config g++"
    binaries=$(cd "$repository" && LONDI_SHIPPED=$shipped swift build "${options[@]}" --show-bin-path)
}
