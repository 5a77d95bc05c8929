#!/bin/bash
# mirror.sh DIR SUITE: a small, genuine part of the Debian archive for a guest without a
# network: the signed index of the release's contrib, which is short, and one package
# of it. So that the worker's apt-get update and install do what they do anywhere,
# the check of the archive's signature included.
set -euo pipefail
[ $# = 2 ] || { echo 'usage: mirror.sh DIR SUITE' >&2; exit 2; }
dir=$1 suite=$2 package=crafty-bitmaps
# shellcheck disable=SC2016 # apt's own variable
archive=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/*$')

# get PATH: a file of the archive, by apt's own client.
get() {
  mkdir -p "$dir/debian/$(dirname "$1")"
  /usr/lib/apt/apt-helper -qq -o APT::Sandbox::User=root \
    download-file "${archive%/}/$1" "$dir/debian/$1"
}

# by_hash PATH: the second name under which apt asks for an index.
by_hash() {
  local file=$dir/debian/$1 sum
  sum=$(sha256sum "$file" | cut -d' ' -f1)
  mkdir -p "${file%/*}/by-hash/SHA256"
  cp "$file" "${file%/*}/by-hash/SHA256/$sum"
}

index=dists/$suite/contrib/binary-amd64/Packages.xz
translation=dists/$suite/contrib/i18n/Translation-en.xz
get "dists/$suite/InRelease"
for path in "$index" "$translation"; do
  get "$path"
  by_hash "$path"
done
get "$(xzcat "$dir/debian/$index" | sed -n "/^Package: $package\$/,/^\$/s/^Filename: //p")"
