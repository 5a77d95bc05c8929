#!/bin/bash
# arm64.sh DIR -- CMD...: boots Debian 12's arm64 kernel, emulated, with bash and
# the usual programs in memory, and runs CMD as root in a copy of DIR at /job. There is
# no systemd and no network, and nothing comes back but what CMD writes, standard error
# with standard output, and its exit status. 125: the harness itself failed.
# Half a minute; the first time one more, for the archive.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fail() {
  echo "arm64.sh: $*" >&2
  exit 125
}
# shellcheck source=test/vm/image.sh
source "$here/image.sh"
{ [ $# -ge 3 ] && [ "$2" = -- ]; } || fail 'usage: arm64.sh DIR -- CMD...'
for tool in mmdebstrap:mmdebstrap cpio:cpio qemu-system-aarch64:qemu-system-arm; do
  command -v "${tool%:*}" >/dev/null || fail "${tool%:*} is missing (package ${tool#*:}); make deps installs it"
done
dir=$(realpath -e -- "$1") || fail "no such directory: $1"
shift 2
base=$cache/arm64-$({ cat "${BASH_SOURCE[0]}" && echo "$suite"; } | sha256sum | cut -c1-12)
work=$(mktemp -d) emulator=
trap 'kill $emulator 2>/dev/null || :; rm -rf "$work"' EXIT
trap 'exit 125' INT TERM HUP

# archived DIR FILE: DIR in the form that the kernel unpacks into its first root.
archived() { (cd "$1" && find . -print0 | cpio --null --create --format=newc --quiet --owner=0:0) >"$2"; }

# build: the programs and the kernel, without executing anything of another architecture.
build() {
  local root=$work/root
  echo 'arm64.sh: fetching the arm64 kernel and programs (about a minute)' >&2
  sources "$suite" | mmdebstrap --quiet --variant=extract --architectures=arm64 \
    --include=bash,busybox-static,linux-image-arm64 "$suite" "$root" - || fail 'mmdebstrap failed'
  mkdir -p "$work/base"
  cp "$root"/boot/vmlinuz-* "$work/base/vmlinuz"
  (cd "$root" && rm -rf boot lib/modules usr/lib/modules usr/share var/cache var/lib)
  mkdir -p "$root"/{proc,sys,dev,tmp,var/lib}
  cat >"$root/init" <<'INIT'
#!/bin/busybox sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
mount() { busybox mount -t "$1" "$1" "$2"; }
mount proc /proc && mount sysfs /sys && mount devtmpfs /dev && mount tmpfs /tmp
mount tracefs /sys/kernel/tracing && mount cgroup2 /sys/fs/cgroup
busybox stty -F /dev/console -onlcr # lines as they were written
cd /job && ./.command </dev/null
echo "status $?"
busybox poweroff -f
INIT
  chmod 755 "$root/init"
  archived "$root" "$work/base/ram"
  rm -rf "$root" "$base"
  mkdir -p "$cache"
  mv -T "$work/base" "$base"
}

if [ -e "$base/ram" ]; then touch "$base"; else build; fi
mkdir -p "$work/own/job"
cp -R "$dir/." "$work/own/job"
{ echo '#!/bin/bash' && printf 'exec' && printf ' %q' "$@" && echo; } >"$work/own/job/.command"
chmod 755 "$work/own/job/.command"
archived "$work/own" "$work/job.ram"
cat "$base/ram" "$work/job.ram" >"$work/ram" # the kernel takes archives one after another
# In the background, and ended with this script, as in vm.sh.
setpriv --pdeathsig TERM timeout --foreground --kill-after=5 "${VM_TIMEOUT:-300}" qemu-system-aarch64 \
  -nodefaults -no-user-config -display none -monitor none -no-reboot \
  -machine virt -accel tcg -cpu cortex-a76 -smp 1 -m "${VM_MEMORY:-1536}" \
  -kernel "$base/vmlinuz" -initrd "$work/ram" \
  -append 'console=ttyAMA0 quiet panic=-1 mitigations=off nokaslr cryptomgr.notests random.trust_cpu=on' \
  -chardev "file,id=console,path=$work/console" -serial chardev:console </dev/null &
emulator=$!
wait $emulator || fail "the guest ended with status $?: $(tail -n 30 "$work/console")"
emulator=
status=$(sed -n 's/^status \([0-9]*\)$/\1/p' "$work/console" | tail -n 1)
[ -n "$status" ] || fail "the guest left no result: $(tail -n 30 "$work/console")"
sed '/^status [0-9]*$/,$d' "$work/console"
exit "$status"
