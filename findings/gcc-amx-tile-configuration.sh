#!/usr/bin/env bash
# GCC 12.2.0 (Debian 12's gcc-12 12.2.0-14+deb12u1) drops most of an AMX tile configuration at -O2.
#
# Guess: a function that fills the 64 bytes of a tile configuration and hands them to _tile_loadconfig stores the rows and the
# bytes per row of each tile before the instruction, at every level of optimisation.
# Seen: at -O2 none of those stores is left. The header's assembler statement names 8 of the 64 bytes that LDTILECFG reads as
# its input, so the optimiser takes all stores behind them for dead. At -O0 they are there. No processor with AMX is needed to
# see it; on one, the tile instructions that follow find tiles of 0 rows and fault. Clang declares the whole configuration.
#
# Usage: gcc-amx-tile-configuration.sh; fails if the compiler's output is another. Needs amd64, apt-get and dpkg-deb.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

version=12.2.0-14+deb12u1
apt-get -o APT::Sandbox::User=root download "gcc-12=$version" "cpp-12=$version" "libgcc-12-dev=$version" libisl23 libmpc3 libmpfr6 >/dev/null
for package in ./*.deb; do dpkg-deb -x "$package" root; done
compiler=$folder/root/usr/lib/gcc/x86_64-linux-gnu/12

cat >configure.c <<'END'
#include <immintrin.h>

struct configuration {
    unsigned char palette, start_row, reserved[14];
    unsigned short bytes_per_row[16];
    unsigned char rows[16];
};

void configure(unsigned short bytes_per_row, unsigned char rows) {
    struct configuration tiles = {.palette = 1};
    tiles.bytes_per_row[0] = bytes_per_row;
    tiles.rows[0] = rows;
    _tile_loadconfig(&tiles);
}
END

# uses LEVEL: how often the function's code uses its two arguments, which come in %edi and %esi.
uses() {
    LD_LIBRARY_PATH=$folder/root/usr/lib/x86_64-linux-gnu "$folder/root/usr/bin/x86_64-linux-gnu-gcc-12" \
        -B "$compiler/" -isystem "$compiler/include" "$1" -mamx-tile -S -o "configure$1.s" configure.c
    grep -q ldtilecfg "configure$1.s" || { echo "no ldtilecfg at $1"; exit 1; }
    grep -cE '%(e|s|r)?(di|si)l?\b' "configure$1.s" || true
}

plain=$(uses -O0)
optimised=$(uses -O2)
"$folder/root/usr/bin/x86_64-linux-gnu-gcc-12" --version | head -n 1
echo "instructions that use the arguments: $plain at -O0, $optimised at -O2"
[ "$plain" -ge 2 ] || { echo "changed: -O0 does not store them either"; exit 1; }
[ "$optimised" = 0 ] || { echo "changed: -O2 keeps the stores"; exit 1; }
echo "as found: -O2 loads a tile configuration without the rows and bytes that were set"
