#!/bin/bash
# A throw-away systemd in an nspawn container over this machine's own files, or over
# those of a guest: half a second to start, for what only PID 1 can show, such as a
# unit's sandbox. The kernel is the machine's own, so AppArmor and cgroup limits may
# be missing: use test/vm for those.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

usage() {
  cat <<'EOF_USAGE'
Usage:
  container.sh run DIR -- CMD...   run CMD as root under systemd, DIR being /job

Must be run as root. The container sees the machine's files below an overlay in
memory that goes with it; DIR alone is the real one, writable. It has a network
of its own with nothing but lo. CMD's standard output and error come out as they
are written, and its exit status is that of container.sh. 124 means the time
limit, 125 that the harness itself failed.

Environment:
  CONTAINER_TIMEOUT   time limit in seconds (default 120)
  CONTAINER_CONSOLE   file that is to receive what systemd says
  CONTAINER_IMAGE     image of a guest (root.img in what 'vm.sh path' prints) that
                      is seen instead of this machine's files

Example:
  container.sh run . -- systemctl status
EOF_USAGE
}

fail() {
  echo "container.sh: $*" >&2
  exit 125
}

# own_cgroups: makes a cgroup in each hierarchy that systemd could use, unified or
# hybrid. systemd must not share one with what runs outside.
own_cgroups() {
  local hierarchy
  for hierarchy in /sys/fs/cgroup/unified /sys/fs/cgroup/systemd /sys/fs/cgroup; do
    [ -e "$hierarchy/cgroup.procs" ] || continue
    mkdir "$hierarchy/$name"
    cgroups+=("$hierarchy/$name")
  done
}

# inside: becomes the container. Called in a mount namespace of its own. The
# filters that nspawn adds by default would be taken for the unit's own, hence all
# capabilities and no seccomp; CAP_SYS_TIME alone would reach the machine's clock.
inside() {
  local cgroup
  for cgroup in "${cgroups[@]}"; do echo "$BASHPID" >"$cgroup/cgroup.procs"; done
  mkdir "$work/root"
  if [ -n "${CONTAINER_IMAGE:-}" ]; then
    mount -o ro,loop,offset=1048576 "$CONTAINER_IMAGE" "$work/root" # its partition
  else
    mount --bind / "$work/root" # nspawn refuses the root directory itself
  fi
  SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 SYSTEMD_SECCOMP=0 exec systemd-nspawn --quiet \
    --directory="$work/root" --volatile=overlay --machine="$name" --register=no --keep-unit \
    --capability=all --drop-capability=CAP_SYS_TIME --private-network \
    --link-journal=no --resolv-conf=off --timezone=off --console=pipe \
    --bind="$dir:/job" --bind="$work/run:/run/container" \
    --bind-ro="$here/job.service:/etc/systemd/system/job.service" \
    --bind-ro="$here/job.target:/etc/systemd/system/job.target" \
    --boot systemd.unit=job.target systemd.mask=systemd-firstboot.service
}

# clean_up: nothing is left, however this ends. nspawn takes SIGTERM as an order to shut
# down, and timeout kills it when that takes long; its cgroups can be removed afterwards.
clean_up() {
  local cgroup
  if [ -n "$container" ]; then
    kill "$container" 2>/dev/null || :
    wait "$container" || :
  fi
  kill "${readers[@]}" 2>/dev/null || :
  for cgroup in "${cgroups[@]}"; do
    for _ in {1..50}; do # what was killed may take a moment to go
      find "$cgroup" -depth -type d -exec rmdir {} + 2>/dev/null || :
      [ -e "$cgroup" ] || break
      sleep 0.1
    done
  done
  rm -rf "$work"
}

# run DIR -- CMD...: has a process of its own do it, which cleans up when this one is
# killed as well. Both wait for what is in the background, because bash takes no signal
# while it waits for what is in front.
run() {
  { [ $# -ge 3 ] && [ "$2" = -- ]; } || fail 'usage: container.sh run DIR -- CMD...'
  [ "$(id -u)" = 0 ] || fail 'must be run as root'
  command -v systemd-nspawn >/dev/null || fail 'systemd-nspawn is missing (package systemd-container); make deps installs it'
  local status=0 keeper=
  trap 'if [ -n "$keeper" ]; then kill "$keeper"; wait "$keeper" || :; fi; exit 125' INT TERM HUP
  setpriv --pdeathsig TERM "$BASH" "$here/container.sh" keep "$@" &
  keeper=$!
  wait "$keeper" || status=$?
  exit "$status"
}

# keep DIR -- CMD...: runs CMD, and leaves nothing behind.
keep() {
  local status=0
  dir=$(realpath -e -- "$1") || fail "no such directory: $1"
  shift 2
  name=container$$ readers=() cgroups=() container=
  work=$(mktemp -d)
  trap clean_up EXIT
  trap 'exit 125' INT TERM HUP
  chmod 755 "$work"
  mkdir "$work/run"
  mkfifo "$work/run/stdout" "$work/run/stderr"
  { echo '#!/bin/bash' && printf 'exec' && printf ' %q' "$@" && echo; } >"$work/run/command"
  chmod 755 "$work/run/command"
  own_cgroups
  cat "$work/run/stdout" & readers+=($!)
  cat "$work/run/stderr" >&2 & readers+=($!)
  export name work dir here
  setpriv --pdeathsig TERM timeout --foreground --kill-after=5 "${CONTAINER_TIMEOUT:-120}" \
    unshare --mount --propagation private "$BASH" "$here/container.sh" inside "${cgroups[@]}" \
    </dev/null >"$work/console" 2>&1 &
  container=$!
  wait "$container" || status=$?
  container=
  if [ -n "${CONTAINER_CONSOLE:-}" ]; then cp "$work/console" "$CONTAINER_CONSOLE"; fi
  # A reader whose pipe nobody ever opened still waits for that: open it once.
  : <>"$work/run/stdout" <>"$work/run/stderr"
  wait "${readers[@]}"
  exit "$status"
}

case ${1:-} in
  run) shift && run "$@" ;;
  keep) shift && keep "$@" ;;
  inside) shift && cgroups=("$@") && inside ;;
  -h | --help | help) usage ;;
  *) usage >&2 && exit 125 ;;
esac
