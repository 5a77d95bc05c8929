#!/bin/bash
# sweep.sh VERSION OSAPI TRACE [CAPABILITY]...: takes capabilities away from OSAPI's
# worker. OSAPI is the binary of that version, TRACE what was recorded of it. The
# plan is run with exactly the capabilities that the trace says are required, and
# then without each of them in turn, or without those named: once for each, which
# takes as long as a recording. Prints which operations then end otherwise than
# planned. Exit status 1 when the first run loses any, or another none.
#
#   test/osapi/sweep.sh february ~/osapi-february docs/traces/osapi-2026-02.jsonl
#   test/osapi/sweep.sh agent ~/osapi docs/traces/osapi-agent-2026-08.jsonl.gz CAP_KILL
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# -ge 3 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
version=$1 osapi=$2 trace=$3
shift 3
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# with CAPABILITY...: runs the plan with these alone, and leaves in $work/out what
# was said. What went otherwise than planned is on lines of osapi-profile's.
with() {
  printf '%s\n' '[Service]' CapabilityBoundingSet= "CapabilityBoundingSet=$*" >"$work/confine.conf"
  local status=0
  CONFINE=$work/confine.conf CONFINED_PLAN=no "$here/record.sh" "$version" "$osapi" >"$work/out" 2>&1 || status=$?
  if ! grep -q "^$version.plan.yaml: status" "$work/out"; then
    tail -n 20 "$work/out" >&2
    echo "sweep.sh: the plan did not run (status $status)" >&2
    exit 2
  fi
}

# lost: the operations that failed.
lost() { sed -nE 's/^osapi-profile: .*operation ([^ ]+) (failed|never ran)/  \1 \2/p' "$work/out"; }

mapfile -t required < <(go run -C "$root" ./cmd/osapi-profile emit --format json "$(realpath "$trace")" 2>/dev/null |
  jq -r '.capabilities[] | select(.need == "required") | .name')
status=0
echo "exactly ${required[*]:-none}"
with "${required[@]}"
lost
if [ -n "$(lost)" ]; then status=1; fi
if [ $# = 0 ]; then set -- "${required[@]}"; fi
for less in "$@"; do
  rest=()
  for name in "${required[@]}"; do
    if [ "$name" != "$less" ]; then rest+=("$name"); fi
  done
  echo "without $less"
  with "${rest[@]}"
  lost
  if [ -z "$(lost)" ]; then status=1 && echo "  nothing"; fi
done
exit "$status"
