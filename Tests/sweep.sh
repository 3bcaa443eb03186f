#!/usr/bin/env bash
# The sweep over every write: one scenario again and again, londid killed before its N-th change of a file, or that change
# failing with an I/O error or a full disk. Usage: Tests/sweep.sh [--every K] [--seed S] [--faults NAME...]; every N by
# default, which takes more than an hour; --every 60 takes two minutes.
# LONDI_BIN names a directory with londid and londictl; without it both are built.
# shellcheck source=Setup/release.sh
. "$(dirname "$0")/Setup/release.sh"
"$repository/Tests/Setup/packages.sh" strace
prepare_release
exec "$python" "$repository/Tests/Campaign/sweep.py" "$@"
