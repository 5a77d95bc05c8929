#!/bin/bash
# build.sh DIR: writes into DIR, which it makes anew, a static binary and a .deb for
# amd64 and arm64, and their checksums. What comes out depends on the sources and on
# SOURCE_DATE_EPOCH and VERSION alone, which are those of the commit where they are
# not set.
set -euo pipefail
out=$(realpath -m "${1:?directory to write to}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v dpkg-deb >/dev/null || {
  echo "build.sh: no dpkg-deb, which packs the .deb; install Debian's package dpkg" >&2
  exit 1
}

# version: the commit's tag without its v, or 0 with the date and the commit.
version() {
  git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null | sed 's/^v//' ||
    TZ=UTC git log -1 --format=0.0.0~git%cd.%h --date=format-local:%Y%m%d
}

export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
VERSION=${VERSION:-$(version)}
export CGO_ENABLED=0 TZ=UTC LC_ALL=C
umask 022
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
rm -rf "$out"
mkdir -p "$out"

build() { go build -trimpath -buildvcs=auto -o "$1" ./cmd/osapi-profile; }

# common DIR: what a package installs on every architecture.
common() {
  local share=$1/usr/share doc=$1/usr/share/doc/osapi-profile
  mkdir -p "$share"/{man/man1,bash-completion/completions,zsh/vendor-completions,fish/vendor_completions.d} "$doc/guide"
  build "$work/native"
  "$work/native" man "$share/man/man1"
  "$work/native" completion bash >"$share/bash-completion/completions/osapi-profile"
  "$work/native" completion zsh >"$share/zsh/vendor-completions/_osapi-profile"
  "$work/native" completion fish >"$share/fish/vendor_completions.d/osapi-profile.fish"
  cp README.md "$doc"
  cp -r docs/docs/sidebar/. "$doc/guide"
  find "$doc/guide" -name _category_.json -delete
  { cat LICENSE && printf '\nThe BPF programs are licensed under the MIT licence or the GPL, version 2.\n'; } >"$doc/copyright"
  gzip -9n "$share"/man/man1/*.1
}

# size DIR: KiB of what is in it as dpkg-gencontrol(1) counts them: each file's own, and
# one for anything else, which takes another size on each file system.
size() { find "$1" -printf '%y %s\n' | awk '{ kib += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print kib }'; }

# pack ARCH: one binary, and the package that holds it.
pack() {
  local arch=$1 stage=$work/$1
  cp -r "$work/common" "$stage"
  mkdir -p "$stage/usr/bin" "$stage/DEBIAN"
  GOOS=linux GOARCH=$arch build "$stage/usr/bin/osapi-profile"
  (cd "$stage" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$work/md5sums"
  sed -e "s/@VERSION@/$VERSION/" -e "s/@ARCH@/$arch/" -e "s/@SIZE@/$(size "$stage/usr")/" \
    packaging/control >"$stage/DEBIAN/control"
  mv "$work/md5sums" "$stage/DEBIAN"
  chmod -R u=rwX,go=rX "$stage"
  find "$stage" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --build "$stage" "$out/osapi-profile_${VERSION}_$arch.deb" >/dev/null
  cp --preserve=timestamps "$stage/usr/bin/osapi-profile" "$out/osapi-profile_${VERSION}_linux_$arch"
}

common "$work/common"
pack amd64
pack arm64
cd "$out"
sha256sum osapi-profile_* >SHA256SUMS
