# Sourced by every script: how messages look, how a step fails.
# shellcheck shell=bash

set -euo pipefail

say() { printf '\033[1m==>\033[0m %s\n' "$*" >&2; }

# Ends the script with a message that names what failed and what to do about it.
die() {
    printf 'error: %s\n' "$*" >&2
    exit 2
}
