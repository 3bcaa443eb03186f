# Sourced by the demo, the baselines and the paper's figures: builds Londi, finds the models and runs one londid for the script's life.
# shellcheck shell=bash
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=../../systemd/build.sh
. "$repository/systemd/build.sh"
# shellcheck source=beside.sh
. "$repository/Tests/Setup/beside.sh"

# prepare [--problems] [QUICK.gguf DEEPTHINK.gguf]: installs and builds everything; sets bin, server, quick and deepthink. With
# --problems it installs the generators and judge of the demo's problems too, and sets python.
prepare() {
    trap stop_all EXIT
    local problems=0
    [ "${1:-}" != --problems ] || { problems=1 && shift; }
    "$repository/Tests/Setup/packages.sh" libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3-venv ca-certificates procps util-linux
    if [ $# = 2 ]; then
        quick=$(realpath -e "$1") || die "there is no file $1"
        deepthink=$(realpath -e "$2") || die "there is no file $2"
        set -- "$quick" "$deepthink"
    fi
    # What waits for the network, what compiles C++ and what compiles Swift go side by side if memory allows.
    beside server "$repository/Tests/Setup/llama-server.sh" "${quick:-quick}"
    beside fetched fetch "$problems" "$@"
    memory_allows || await server
    build_binaries
    bin=$binaries
    await fetched
    { read -r quick && read -r deepthink && read -r python; } <<<"$outcome"
    await server
    server=$outcome
}

# fetch PROBLEMS [QUICK.gguf DEEPTHINK.gguf]: prints the files of both models and, if PROBLEMS is 1, the python that has the problems.
# One after the other: Python's environment is changed by one at a time, and the build of llama.cpp waits for it least of all.
fetch() {
    if [ $# = 3 ]; then
        printf '%s\n' "$2" "$3"
    else
        "$repository/Tests/Setup/model.sh" quick
        "$repository/Tests/Setup/model.sh" deepthink
    fi
    if [ "$1" = 1 ]; then "$repository/Tests/Setup/python.sh" reasoning-gym==0.1.25; else echo none; fi
}

# sections: londid.conf's for the demo's pair and its judge.
sections() {
    cat <<END
[Quick]
Model=$quick
InstructionsFile=$repository/Tests/Demo/quick.txt

[Deepthink]
Model=$deepthink
InstructionsFile=$repository/Tests/Demo/deepthink.txt

[Verifier reasoning-gym]
Command=$python -I $repository/Tests/Demo/verifier.py
TimeoutSeconds=60
MemoryMegabytes=4096
END
}

# start_londid: an unprivileged londid (--user) on a fresh state directory, with what `sections` prints; sets directory and londid_pid.
start_londid() {
    trap stop_all EXIT
    directory=$(mktemp -d /tmp/londi-demo.XXXXXX)
    {
        printf '[Daemon]\nStateDirectory=%s/state\nRuntimeDirectory=%s/run\nLlamaServer=%s\n\n' "$directory" "$directory" "$server"
        sections
    } >"$directory/londid.conf"
    export LONDI_SOCKET=$directory/run/io.londi
    PATH=$bin:$PATH
    run_londid
}

# How long one start of a model may take (londid ends it then, and tries again), and how long failing starts are waited for, as
# long as londid as a service waits for its first ready model.
load_seconds=1800 retry_seconds=300

# run_londid: starts londid on $directory and waits until both models answer.
run_londid() {
    # If this script is killed, so is londid, unless --keep is given.
    local tied=(setpriv --pdeathsig TERM)
    [ "${keep:-0}" = 0 ] || tied=()
    "${tied[@]}" londid --user --config "$directory/londid.conf" >>"$directory/londid.log" 2>&1 &
    londid_pid=$!
    say "londid runs (pid $londid_pid, state and log in $directory); the models are being loaded"
    local status fault shown='' failing='' began=$SECONDS
    until status=$(londictl status --json 2>/dev/null) && [ "$(grep -o '"state":"ready"' <<<"$status" | wc -l)" -ge 2 ]; do
        kill -0 "$londid_pid" 2>/dev/null || { tail -n 20 "$directory/londid.log" >&2; die "londid ended; its log is $directory/londid.log"; }
        fault=$(grep -o '"fault":"[^"]*' <<<"$status" | head -n 1 | cut -d'"' -f4-) || fault=''
        if [ -n "$fault" ]; then
            failing=${failing:-$SECONDS}
            [ "$fault" = "$shown" ] || say "a model is away, and londid tries it again: $fault"
            shown=$fault
        fi
        if [ $((SECONDS - began)) -gt $load_seconds ] || [ $((SECONDS - ${failing:-$SECONDS})) -gt $retry_seconds ]; then
            londictl status >&2 || true
            die "a model cannot be used; the reason stands above, the log is $directory/londid.log"
        fi
        sleep 0.2
    done
}

# stop_all: ends all that this script started, however it ends.
stop_all() {
    stop_beside
    if [ -n "${londid_pid:-}" ]; then
        kill "$londid_pid" 2>/dev/null || true
        wait "$londid_pid" 2>/dev/null || true
    fi
}
