#!/usr/bin/env bash
# Installs BabyAI-Text and ScienceWorld, the environments that Londi brings: their packages from PyPI in a virtual
# environment, beside them the programs that londid starts. Nothing needs the network afterwards.
# Usage: install-environments.sh [--only NAME] [DIRECTORY]
#   --only NAME  babyai-text, or scienceworld, which needs Java 17 (the Debian package openjdk-17-jre-headless)
#   DIRECTORY    default /opt/londi/environments, or ~/.local/share/londi/environments for others than root
# Prints the sections for londid.conf.
# shellcheck source=messages.sh
. "$(dirname "$0")/messages.sh"

programs=$(cd "$(dirname "$0")/../Sources/Environments" && pwd)
names=(babyai-text scienceworld)
directory=/opt/londi/environments
[ "$(id -u)" = 0 ] || directory=${XDG_DATA_HOME:-${HOME:?HOME is not set}/.local/share}/londi/environments
while [ $# -gt 0 ]; do
    case $1 in
    --only)
        [ $# -ge 2 ] || die "--only needs a name: babyai-text or scienceworld"
        names=("$2")
        shift
        ;;
    -*) die "'$1' is unknown; the only option is --only NAME" ;;
    *) directory=$(realpath -m "$1") ;;
    esac
    shift
done

packages=()
for name in "${names[@]}"; do
    case $name in
    babyai-text) packages+=(minigrid==3.2.0 gymnasium==1.4.0 numpy==2.4.6 pygame-ce==2.5.8) ;;
    scienceworld)
        packages+=(scienceworld==1.2.3 py4j==0.10.9.9)
        command -v java >/dev/null || die "ScienceWorld needs Java: install openjdk-17-jre-headless, or give --only babyai-text"
        ;;
    *) die "'$name' is none of babyai-text, scienceworld" ;;
    esac
done

mkdir -p "$directory"
if [ ! -x "$directory/python/bin/pip" ]; then
    rm -rf "$directory/python"
    python3 -m venv "$directory/python" || die "python3 -m venv failed; install the Debian package python3-venv"
fi
"$directory/python/bin/pip" install --quiet --disable-pip-version-check "${packages[@]}" >&2 ||
    die "pip could not install ${packages[*]}; check the network and the package index that pip is configured with"
for name in "${names[@]}"; do
    program=${name%-text}_text.py
    install -m 644 "$programs/adapter.py" "$programs/$program" "$directory/"
    printf '[Environment %s]\nCommand="%s" "%s"\n' "$name" "$directory/python/bin/python3" "$directory/$program"
    # ScienceWorld's Java program is spoken to on the loopback device.
    # Its oracle takes seconds to find a path.
    [ "$name" != scienceworld ] || printf 'Network=yes\nStepSeconds=60\n'
done
