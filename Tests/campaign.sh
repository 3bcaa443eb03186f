#!/usr/bin/env bash
# The crash campaign: kills londid (SIGKILL) and llama-servers at random moments under load, and checks the state after each
# kill. Usage: Tests/campaign.sh [--kills N] [--seed S]; 300 kills by default, and a seed of its own, which it prints.
# LONDI_BIN names a directory with londid and londictl; without it both are built.
# shellcheck source=Setup/release.sh
. "$(dirname "$0")/Setup/release.sh"
prepare_release
exec "$python" "$repository/Tests/Campaign/crash.py" "$@"
