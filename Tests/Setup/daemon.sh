# Sourced by the demo, the baselines and the paper's figures: builds Londi, finds the models and runs one londid for the script's life.
# shellcheck shell=bash
# shellcheck source=common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=../../systemd/build.sh
. "$repository/systemd/build.sh"

# prepare [QUICK.gguf DEEPTHINK.gguf]: installs and builds everything; sets bin, server, quick and deepthink.
prepare() {
    "$repository/Tests/Setup/packages.sh" libsqlite3-dev libcurl4-openssl-dev libssl-dev pkg-config tzdata g++ python3-venv ca-certificates procps
    if [ $# = 2 ]; then
        quick=$(realpath -e "$1") || die "there is no file $1"
        deepthink=$(realpath -e "$2") || die "there is no file $2"
    else
        quick=$("$repository/Tests/Setup/model.sh" quick)
        deepthink=$("$repository/Tests/Setup/model.sh" deepthink)
    fi
    server=$("$repository/Tests/Setup/llama-server.sh")
    build_binaries
    bin=$binaries
}

# prepare_problems: installs the generators and judge of the demo's problems; sets python.
prepare_problems() {
    python=$("$repository/Tests/Setup/python.sh" reasoning-gym==0.1.25)
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
    directory=$(mktemp -d /tmp/londi-demo.XXXXXX)
    {
        printf '[Daemon]\nStateDirectory=%s/state\nRuntimeDirectory=%s/run\nLlamaServer=%s\n\n' "$directory" "$directory" "$server"
        sections
    } >"$directory/londid.conf"
    export LONDI_SOCKET=$directory/run/io.londi
    PATH=$bin:$PATH
    run_londid
    trap stop_londid EXIT
}

# run_londid: starts londid on $directory and waits until both models answer.
run_londid() {
    londid --user --config "$directory/londid.conf" >>"$directory/londid.log" 2>&1 &
    londid_pid=$!
    say "londid runs (pid $londid_pid, state and log in $directory); the models are being loaded"
    local status deadline=$((SECONDS + 600))
    until status=$(londictl status --json 2>/dev/null) && [ "$(grep -o '"state":"ready"' <<<"$status" | wc -l)" -ge 2 ]; do
        kill -0 "$londid_pid" 2>/dev/null || { tail -n 20 "$directory/londid.log" >&2; die "londid ended; its log is $directory/londid.log"; }
        if [ $SECONDS -gt $deadline ] || grep -q '"state":"unavailable"' <<<"$status"; then
            londictl status >&2 || true
            die "a model cannot be used; the reason stands above, the log is $directory/londid.log"
        fi
        sleep 0.2
    done
}

stop_londid() {
    kill "$londid_pid" 2>/dev/null || true
    wait "$londid_pid" 2>/dev/null || true
}
