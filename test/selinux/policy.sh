#!/bin/bash
# policy.sh: makes Debian's reference policy readable for the tests, unless that
# was done before, and prints the directory: cil/*.cil, and file_contexts with its
# file_contexts.subs_dist as a host with that policy has them. Nothing is installed;
# the packages are unpacked into the cache.
set -euo pipefail
cache=${XDG_CACHE_HOME:-$HOME/.cache}/osapi-profile/selinux
packages='selinux-policy-default policycoreutils'

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [ ! -e "$cache/policy/file_contexts" ]; then
  work=$(mktemp -d "$cache/new.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  chmod 755 "$work"
  cd "$work"
  # shellcheck disable=SC2086 # a list of names
  apt-get -qq -o APT::Sandbox::User=root download $packages >&2 ||
    { apt-get -qq update >&2 && apt-get -qq -o APT::Sandbox::User=root download $packages >&2; }
  for deb in ./*.deb; do dpkg-deb -x "$deb" root; done
  mkdir -p policy/cil
  for module in root/usr/share/selinux/default/*.pp.bz2; do
    name=$(basename "$module" .pp.bz2)
    bzip2 -dc "$module" >module.pp
    root/usr/libexec/selinux/hll/pp module.pp "policy/cil/$name.cil"
  done
  secilc -o binary -f policy/file_contexts.new policy/cil/*.cil
  cp root/etc/selinux/default/contexts/files/file_contexts.subs_dist policy/
  mv policy/file_contexts.new policy/file_contexts
  rm -rf "$cache/policy"
  mv policy "$cache/policy"
fi
echo "$cache/policy"
