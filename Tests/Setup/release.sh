# Sourced by the campaigns: the release build of Londi, llama-server, the tiny model and Python, installed where missing.
# shellcheck shell=bash
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=../../systemd/build.sh
. "$repository/systemd/build.sh"

# prepare_release: exports LONDI_BIN, LONDI_TEST_LLAMA_SERVER and LONDI_TEST_MODEL, and sets python. What is set already stays.
prepare_release() {
    "$repository/Tests/Setup/packages.sh" libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3-venv ca-certificates procps
    LONDI_TEST_LLAMA_SERVER=${LONDI_TEST_LLAMA_SERVER:-$("$repository/Tests/Setup/llama-server.sh")}
    LONDI_TEST_MODEL=${LONDI_TEST_MODEL:-$("$repository/Tests/Setup/model.sh" tiny)}
    python=$("$repository/Tests/Setup/python.sh")
    if [ -z "${LONDI_BIN:-}" ]; then
        build_binaries
        LONDI_BIN=$binaries
    fi
    export LONDI_BIN LONDI_TEST_LLAMA_SERVER LONDI_TEST_MODEL PYTHONDONTWRITEBYTECODE=1
}
