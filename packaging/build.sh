#!/bin/bash
# build.sh DIR: writes into DIR, which it makes anew, a static binary and a .deb for
# amd64 and arm64, and their checksums. What comes out depends on the sources and on
# SOURCE_DATE_EPOCH and VERSION alone, which are those of the commit where they are
# not set. NFPM names the packager, of the release that the Makefile pins.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:?directory to write to}
nfpm=${NFPM:-nfpm}

# version: the commit's tag without its v, or 0 with the date and the commit.
version() {
  git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null | sed 's/^v//' ||
    TZ=UTC git log -1 --format=0.0.0~git%cd.%h --date=format-local:%Y%m%d
}

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export VERSION=${VERSION:-$(version)} CGO_ENABLED=0 TZ=UTC LC_ALL=C
umask 022
build() { go build -trimpath -buildvcs=auto -o "$1" ./cmd/osapi-profile; }
rm -rf "$out"
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What is the same on each architecture.
build "$work/native"
common=$work/common
mkdir -p "$common/completion" "$common/guide"
"$work/native" man "$common/man"
gzip -9n "$common"/man/*.1
for shell in bash zsh fish; do "$work/native" completion "$shell" >"$common/completion/$shell"; done
cp README.md "$common/README.md"
{ cat LICENSE && printf '\nThe BPF programs are licensed under the MIT licence or the GPL, version 2.\n'; } >"$common/copyright"
cp -r docs/docs/sidebar/. "$common/guide"
find "$common/guide" -name _category_.json -delete

for ARCH in amd64 arm64; do
  export ARCH STAGE=$work/$ARCH
  cp -r "$common" "$STAGE"
  GOOS=linux GOARCH=$ARCH build "$STAGE/osapi-profile"
  chmod -R u=rwX,go=rX "$STAGE"
  find "$STAGE" -exec touch --date="@$SOURCE_DATE_EPOCH" {} +
  "$nfpm" package --config packaging/nfpm.yaml --packager deb --target "$out/" >/dev/null
  cp --preserve=timestamps "$STAGE/osapi-profile" "$out/osapi-profile_${VERSION}_linux_$ARCH"
done
cd "$out"
sha256sum osapi-profile_* >SHA256SUMS
