# Sourced by the campaigns: the release build of Londi, llama-server, the tiny model and Python, installed where missing.
# shellcheck shell=bash
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# prepare_release: exports LONDI_BIN, LONDI_TEST_LLAMA_SERVER and LONDI_TEST_MODEL, and sets python. What is set already stays.
prepare_release() {
    "$repository/Tests/Setup/packages.sh" libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3-venv ca-certificates procps
    LONDI_TEST_LLAMA_SERVER=${LONDI_TEST_LLAMA_SERVER:-$("$repository/Tests/Setup/llama-server.sh")}
    LONDI_TEST_MODEL=${LONDI_TEST_MODEL:-$("$repository/Tests/Setup/model.sh" tiny)}
    python=$("$repository/Tests/Setup/python.sh")
    if [ -z "${LONDI_BIN:-}" ]; then
        command -v swift >/dev/null || die "swift is not on PATH; install the Swift 6.3 toolchain from https://www.swift.org/install"
        say "building londid and londictl"
        (cd "$repository" && swift build -c release --product londid && swift build -c release --product londictl) >&2 ||
            die "the build failed"
        LONDI_BIN=$(cd "$repository" && swift build -c release --show-bin-path)
    fi
    export LONDI_BIN LONDI_TEST_LLAMA_SERVER LONDI_TEST_MODEL PYTHONDONTWRITEBYTECODE=1
}
