# shellcheck shell=bash disable=SC2034,SC2154
# What the daemons' scripts share. Each script sets `unit`, the service it is
# about, and defines
#
#   prepare   puts configuration and state in place, afresh for every run
#   work      plays the clients, and prints what they observe, a line each
#   clean     takes away what prepare left outside of its own mounts
#
# It may set `unseen` to a capability and what is lost without it, where nobody in
# a container can observe that.
#
# work goes on when something fails: what is lost is what differs from the lines
# of a run with all capabilities. So nothing that differs by itself is printed.
set -uo pipefail
set -a # what clients need is in their environment
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
patience=${SWEEP_PATIENCE:-3}

# fresh DIR OWNER:GROUP MODE: an empty directory that is a mount of its own, so
# that nothing of the container's overlay is in it.
fresh() {
  mkdir -p "$1"
  if mountpoint --quiet "$1"; then umount --lazy "$1"; fi
  mount -t tmpfs -o "mode=$3" sweep "$1"
  chown "$2" "$1"
}

gone() { for dir; do if mountpoint --quiet "$dir"; then umount --lazy "$dir"; fi; done; }

# service LINES...: a unit in place of Debian's own, where that cannot serve.
service() { printf '%s\n' '[Service]' "$@" >"/run/systemd/system/$unit"; }

# settings LINES...: what Debian's own unit needs for the run.
settings() {
  mkdir -p "/run/systemd/system/$unit.d"
  printf '%s\n' '[Service]' "$@" >"/run/systemd/system/$unit.d/10-settings.conf"
}

# client CMD...: CMD, a function or a program, in a process that cannot hang.
client() { timeout "$patience" bash -c '"$@"' - "$@" 2>&1 </dev/null; }

# observe NAME CMD...: prints what CMD prints, in one line without numbers of
# processes, and whether it failed.
observe() {
  local name=$1 said status=0
  shift
  said=$(client "$@" | sed -E 's/\b[0-9]+#[0-9]+: //') || status=$?
  said=${said//$'\n'/ | }
  if [ "$status" != 0 ]; then said="${said:+$said }(exit status $status)"; fi
  echo "$name: $said"
}

# awaits NAME CMD...: prints whether CMD came to succeed. A service that has failed
# is not waited for.
awaits() {
  local name=$1 end=$((SECONDS + patience))
  shift
  while ! client "$@" >/dev/null; do
    if [ $SECONDS -gt $end ] || systemctl --quiet is-failed "$unit"; then
      echo "$name: no"
      return 1
    fi
    sleep 0.1
  done
  echo "$name: yes"
}

main() {
  case ${1:-} in
    unit) echo "$unit" ;;
    unseen) echo "${unseen:-}" ;;
    prepare) set -e && prepare ;;
    work)
      # shellcheck disable=SC2046 # names
      export -f $(compgen -A function)
      work || :
      ;;
    clean)
      clean
      rm -rf "/run/systemd/system/$unit" "/run/systemd/system/$unit.d"
      ;;
    *) echo "usage: ${0##*/} unit|unseen|prepare|work|clean" >&2 && exit 2 ;;
  esac
}
