#!/usr/bin/env bash
# Builds the Debian package of this checkout with debhelper. Needs no root.
# Usage: systemd/build-deb.sh [--output DIR] [--binaries DIR] [--version VERSION]
#   --output    where the .deb goes (default the current directory); its path is printed
#   --binaries  londid and londictl are here already; nothing is built
#   --version   of the package (default londid's own)
# shellcheck source=build.sh
. "$(dirname "$0")/build.sh"

output=$PWD binaries='' version=''
while [ $# -gt 0 ]; do
    case $1 in
    --output) output=${2:?--output needs a directory} && shift 2 ;;
    --binaries) binaries=${2:?--binaries needs a directory} && shift 2 ;;
    --version) version=${2:?--version needs a version} && shift 2 ;;
    *) die "'$1' is unknown; see the head of $0" ;;
    esac
done
command -v dh >/dev/null || die "debhelper is not installed; apt-get install debhelper"
[ -n "$binaries" ] || build_binaries
binaries=$(realpath "$binaries")
version=${version:-$("$binaries/londid" --version | cut -d' ' -f2)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r "$repository/systemd/debian" "$work/source"
mkdir "$work/source/debian"
find "$work/source" -maxdepth 1 -mindepth 1 ! -name debian -exec mv -t "$work/source/debian" {} +
cp "$repository/LICENSE" "$work/source/debian/copyright"
cat >"$work/source/debian/changelog" <<END
londi ($version) unstable; urgency=medium

  * The checkout of $(git -C "$repository" log -1 --format=%h 2>/dev/null || echo "an unknown commit").

 -- Londi <londi@localhost>  $(date -R)
END
log=$work/build.log
say "building londi $version"
(cd "$work/source" && LONDI_REPOSITORY=$repository LONDI_BINARIES=$binaries DEB_BUILD_OPTIONS=noautodbgsym \
    dpkg-buildpackage --build=binary --unsigned-changes --no-check-builddeps) >"$log" 2>&1 ||
    { tail -n 20 "$log" >&2; die "dpkg-buildpackage failed"; }
package=$(basename "$work"/londi_*.deb)
mv "$work/$package" "$output/"
echo "$(realpath "$output")/$package"
