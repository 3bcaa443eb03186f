#!/usr/bin/env bash
# Makes the Python environment of the tests in the cache and installs the given PyPI packages into it.
# Usage: python.sh NAME==VERSION...; prints the path of its python3.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

environment=$cache/python
prepare() {
    if [ ! -x "$environment/bin/pip" ]; then
        say "making a Python environment in $environment"
        rm -rf "$environment"
        python3 -m venv "$environment" || die "python3 -m venv failed; install the Debian package python3-venv"
    fi
    local wanted have missing=()
    have=$("$environment/bin/pip" list --format=freeze --disable-pip-version-check 2>/dev/null | tr 'A-Z_' 'a-z-')
    for wanted in "$@"; do
        grep -qxF "$wanted" <<<"$have" || missing+=("$wanted")
    done
    [ "${#missing[@]}" -gt 0 ] || return 0
    say "installing ${missing[*]} from PyPI"
    "$environment/bin/pip" install --quiet --disable-pip-version-check "${missing[@]}" >&2 ||
        die "pip could not install ${missing[*]}; check the network and the package index that pip is configured with"
}
with_lock python prepare "$@"
echo "$environment/bin/python3"
