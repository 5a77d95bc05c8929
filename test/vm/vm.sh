#!/bin/bash
# A throw-away Debian guest in QEMU, for what the machine at hand cannot do:
# systemd as PID 1, AppArmor in the kernel, a stock kernel of a given version.
# Software emulation, no KVM; no network in the guest; nothing is kept of a run
# but what the job left in its directory.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=test/vm/image.sh
source "$here/image.sh"

usage() {
  cat <<'EOF_USAGE'
Usage:
  vm.sh build               make the guest image unless it is there already
  vm.sh run DIR -- CMD...   boot, run CMD as root in a copy of DIR at /job
  vm.sh path                print where the guest image is, or would be

CMD's standard output and error come out as they are written, and its exit
status is that of vm.sh. Files that it creates or changes below /job are copied
back into DIR; nothing in DIR is removed. 124 means the time limit, 125 that the
harness itself failed.

Environment:
  VM_SUITE     Debian release of the userland: bookworm (the default) or trixie
  VM_KERNEL    suite of the kernel, such as trixie or bookworm-backports
               (default: as VM_SUITE)
  VM_PACKAGES  further Debian packages for the image, separated by spaces
  VM_TIMEOUT   time limit of a run in seconds (default 300)
  VM_MEMORY    memory of the guest in MiB (default 1024)
  VM_APPEND    further kernel parameters
  VM_CPU       the processor that is emulated (default max,-cx16)
  VM_CONSOLE   file that is to receive the kernel's console
  VM_CACHE     where images are kept (default $XDG_CACHE_HOME/osapi-profile/vm)

Example:
  vm.sh run . -- systemd-analyze security dbus.service
EOF_USAGE
}

fail() {
  echo "vm.sh: $*" >&2
  exit 125
}

# pack DIR CMD...: the guest's first disk is a tar of DIR and of the command.
pack() {
  local dir=$1
  shift
  mkdir "$work/in" "$work/in/job.d"
  { echo '#!/bin/bash' && printf 'exec' && printf ' %q' "$@" && echo; } >"$work/in/job.d/command"
  chmod 755 "$work/in/job.d/command"
  tar -cf "$work/in.tar" --numeric-owner -C "$work/in" job.d \
    --transform 's,^\.\(/\|$\),job\1,' -C "$dir" .
}

# boot: emulates the guest until it powers itself off. Drives are told apart by
# their controllers' serial numbers, because kernels since 6.12 number them in
# any order. QEMU 7.2 crashes guests of those kernels when cx16 is offered, and
# with a thread for each processor it now and then keeps running a breakpoint that
# the kernel has long replaced (text_poke, as when probes attach): processors take
# turns instead, which costs these jobs no time worth naming. In the background,
# because bash takes no signal while it waits for what is in front; it ends with
# vm.sh, however that ends.
boot() {
  local disk='if=none,format=raw' status=0
  truncate -s 8G "$work/out.tar"
  setpriv --pdeathsig TERM timeout --foreground --kill-after=5 "${VM_TIMEOUT:-300}" qemu-system-x86_64 \
    -nodefaults -no-user-config -display none -monitor none -no-reboot \
    -machine q35 -accel tcg,thread=single -cpu "${VM_CPU:-max,-cx16}" -smp "$(nproc)" -m "${VM_MEMORY:-1024}" \
    -kernel "$image/vmlinuz" \
    -append "root=PARTUUID=$disk_id-01 rootwait rw console=ttyS0 quiet panic=-1 $fast_boot ${VM_APPEND:-}" \
    -chardev "file,id=console,path=$work/console" -serial chardev:console \
    -chardev "file,id=stdout,path=$work/stdout" -serial chardev:stdout \
    -chardev "file,id=stderr,path=$work/stderr" -serial chardev:stderr \
    -drive "id=root,file=$image/root.img,snapshot=on,$disk" -device nvme,drive=root,serial=root \
    -drive "id=in,file=$work/in.tar,readonly=on,$disk" -device nvme,drive=in,serial=in \
    -drive "id=out,file=$work/out.tar,cache=unsafe,$disk" -device nvme,drive=out,serial=out \
    </dev/null &
  emulator=$!
  wait $emulator || status=$?
  emulator=
  if [ -n "${VM_CONSOLE:-}" ]; then cp "$work/console" "$VM_CONSOLE"; fi
  case $status in
    0) ;;
    124) echo "vm.sh: the time limit of ${VM_TIMEOUT:-300} s was reached; see VM_TIMEOUT" >&2 && exit 124 ;;
    *) fail "qemu-system-x86_64 ended with status $status" ;;
  esac
}

# Parameters that save time: no self-tests, and no waiting for entropy or
# for clocks to be compared, which emulation makes slow; and no look whether the
# timer ticks, which ends in a panic when this machine is busy just then. Units may
# take long to start for the same reason: journald has been seen to need more than the usual 90 s.
fast_boot='systemd.default_timeout_start_sec=900 mitigations=off nokaslr no_timer_check cryptomgr.notests tsc=reliable random.trust_cpu=on'

run() {
  { [ $# -ge 3 ] && [ "$2" = -- ]; } || fail 'usage: vm.sh run DIR -- CMD...'
  local dir readers=() emulator=
  dir=$(realpath -e -- "$1") || fail "no such directory: $1"
  shift 2
  command -v qemu-system-x86_64 >/dev/null || fail 'qemu-system-x86_64 is missing (package qemu-system-x86); make deps installs it'
  build
  work=$(mktemp -d)
  trap 'kill $emulator "${readers[@]}" 2>/dev/null || :; rm -rf "$work"' EXIT
  trap 'exit 125' INT TERM HUP
  pack "$dir" "$@"
  mkfifo "$work/stdout" "$work/stderr"
  cat "$work/stdout" & readers+=($!)
  cat "$work/stderr" >&2 & readers+=($!)
  boot
  wait "${readers[@]}"
  tar -C "$work" -xf "$work/out.tar" job.d/status 2>/dev/null || {
    tail -n 30 "$work/console" >&2
    fail 'the guest left no result; above is the end of its console'
  }
  tar -C "$dir" --strip-components=1 --no-same-owner -xf "$work/out.tar" job
  exit "$(cat "$work/job.d/status")"
}

case ${1:-} in
  build) build ;;
  run) shift && run "$@" ;;
  path) echo "$image" ;;
  -h | --help | help) usage ;;
  *) usage >&2 && exit 125 ;;
esac
