#!/usr/bin/env bash
# Installs the environments into the cache, as users do, and prints the directory.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

with_lock environments "$repository/systemd/install-environments.sh" "$cache/environments" >&2
echo "$cache/environments"
