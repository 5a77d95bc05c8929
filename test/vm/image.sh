#!/bin/bash
# Sourced by vm.sh: makes the image that guests are started from. One image is
# one directory in the cache, named after everything it is made of, so that a
# changed package list or guest file makes a new one.
# Sets $image and $disk_id; needs $here and fail(). set -e is on.
# shellcheck disable=SC2154,SC2164

suite=${VM_SUITE:-bookworm}
kernel_suite=${VM_KERNEL:-$suite}
cache=${VM_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/osapi-profile/vm}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
disk_id=0a51f11e # of the partition table: how the kernel finds its root

listed() { sed 's/#.*//; /^[[:space:]]*$/d' "$1"; }
packages="$(listed "$here/packages" | xargs) ${VM_PACKAGES:-}"

fingerprint() {
  {
    echo "$suite $kernel_suite $packages"
    cat "$here/image.sh" "$here/masked"
    find "$here/guest" -type f | LC_ALL=C sort | xargs cat
  } | sha256sum | cut -c1-12
}
image=$cache/$suite-$kernel_suite-$(fingerprint)

# archive PATTERN: one of the archives that this machine's apt uses already.
archive() {
  # shellcheck disable=SC2016 # apt's own variable
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 -- "$1" ||
    fail "apt on this machine knows no archive that ends in $1"
}

# sources SUITE: sources.list for it, with its security updates.
sources() {
  local main security
  main=$(archive '/debian/*$')
  echo "deb [signed-by=$keyring] $main $1 main"
  case $1 in *-backports) return ;; esac
  security=$(archive '/debian-security/*$')
  echo "deb [signed-by=$keyring] $security $1-security main"
}

# download FILE: a tar of the distribution's files as they are, documentation left
# out.
download() {
  sources "$suite" | mmdebstrap --quiet --variant=minbase --include="$packages" \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' "$suite" "$1" - ||
    fail 'mmdebstrap failed'
}

# userland DIR: the distribution's files. They are most of the work, so they are
# kept for images with other kernels.
userland() {
  local kept
  kept=$cache/$suite-$({ echo "$suite $packages" && declare -f download; } | sha256sum | cut -c1-12).tar
  if [ ! -e "$kept" ]; then
    download "$1.tar"
    mv "$1.tar" "$kept"
  fi
  touch "$kept"
  mkdir "$1"
  tar -C "$1" --numeric-owner --xattrs --xattrs-include='*' -xf "$kept"
}

# kernel DIR: the newest kernel of $kernel_suite, unpacked. The "cloud" flavour
# has ext4 and NVMe built in, so that it boots without an initramfs. Newer suites
# keep the modules in a package of their own.
kernel() (
  local apt=$1.apt image_package parts
  mkdir -p "$1" "$apt"/{lists,archives}/partial
  sources "$kernel_suite" >"$apt/sources.list"
  cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::State::lists "$apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$apt";
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
  export APT_CONFIG=$apt/apt.conf
  apt-get -qq update
  depends() { apt-cache --no-all-versions show "$1" | tr ',' '\n' | grep -oE "$2" | sort -u; }
  image_package=$(depends linux-image-cloud-amd64 'linux-image-[0-9][^ ]*' | tail -n 1)
  [ -n "$image_package" ] || fail "no kernel in $kernel_suite"
  parts=$(depends "$image_package" 'linux-(binary|modules)-[0-9][^ ]*' || :)
  cd "$apt/archives"
  # shellcheck disable=SC2086 # a list of names
  apt-get -qq download "$image_package" $parts
  for deb in ./*.deb; do dpkg-deb -x "$deb" "$1"; done
)

# furnish ROOT KERNEL: what makes the tree a guest of ours.
furnish() {
  local root=$1 unit modules
  modules=$(find "$2" -path '*/lib/modules' -type d | head -n 1)
  cp -a "$modules" "$root/usr/lib/"
  depmod -b "$root" "$(ls "$modules")"
  cp -a --no-preserve=ownership "$here/guest/." "$root"
  chmod 755 "$root"/opt/vm/*
  mkdir -p "$root/job" "$root/etc/systemd/system-generators"
  while read -r unit; do
    case $unit in
      *-generator) ln -sf /dev/null "$root/etc/systemd/system-generators/$unit" ;;
      *) ln -sf /dev/null "$root/etc/systemd/system/$unit" ;;
    esac
  done < <(listed "$here/masked" | tr ' ' '\n' | sed '/^$/d')
  ln -sf vm.target "$root/etc/systemd/system/default.target"
  echo 5eed0000000000000000000000000001 >"$root/etc/machine-id"
  echo guest >"$root/etc/hostname"
}

# disk ROOT FILE: an image with one partition, ext4 without a journal.
disk() {
  truncate -s 4G "$2"
  printf 'label: dos\nlabel-id: 0x%s\nstart=2048, type=83\n' "$disk_id" | sfdisk --quiet "$2"
  mke2fs -q -F -t ext4 -O ^has_journal -m 0 -E offset=1048576 -d "$1" "$2" 4095M
}

# build: makes the image unless it is there; what was not used for a fortnight goes.
build() {
  if [ -e "$image/root.img" ]; then
    touch "$image"
    return
  fi
  local tool
  for tool in mmdebstrap:mmdebstrap mke2fs:e2fsprogs sfdisk:fdisk depmod:kmod; do
    command -v "${tool%:*}" >/dev/null || fail "${tool%:*} is missing (package ${tool#*:}); make deps installs it"
  done
  mkdir -p "$cache"
  (
    flock 9
    [ -e "$image/root.img" ] && exit 0
    echo "vm.sh: making the $suite guest with the $kernel_suite kernel (about two minutes)" >&2
    new=$(mktemp -d "$cache/new.XXXXXX")
    trap 'rm -rf "$new"' EXIT
    chmod 755 "$new"
    mkdir "$new/image"
    userland "$new/root"
    kernel "$new/kernel"
    furnish "$new/root" "$new/kernel"
    disk "$new/root" "$new/image/root.img"
    cp "$(find "$new/kernel" -name 'vmlinuz*' -type f)" "$new/image/vmlinuz"
    find "$cache" -mindepth 1 -maxdepth 1 ! -name lock -mtime +14 -exec rm -rf {} +
    mv -T "$new/image" "$image"
  ) 9>"$cache/lock"
}
