#!/usr/bin/env bash
# The soak: londid under full load; memory, descriptors, threads and the write-ahead log must not grow.
# Usage: Tests/soak.sh [--minutes M] [--seed S]; 30 minutes by default.
# LONDI_BIN names a directory with londid and londictl; without it both are built.
# shellcheck source=Setup/release.sh
. "$(dirname "$0")/Setup/release.sh"
prepare_release
exec "$python" "$repository/Tests/Campaign/soak.py" "$@"
