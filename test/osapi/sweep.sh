#!/bin/bash
# sweep.sh VERSION OSAPI TRACE [CAPABILITY]...: takes capabilities away from OSAPI's
# worker. OSAPI is the binary of that version, TRACE what was recorded of it. What of
# the plan can show a loss is run with all capabilities, with exactly those that the
# trace says are required, and then, without each of these in turn or without those
# named, the operations that by the trace asked for it and those that they build on.
# Writes a Markdown table of what was lost: operations that ended otherwise than
# planned, and complaints of the worker and what it starts that it did not have with
# all.
#
#   CONTAINER=yes test/osapi/sweep.sh february ~/osapi-february docs/traces/osapi-2026-02.jsonl
#   test/osapi/sweep.sh agent ~/osapi docs/traces/osapi-agent-2026-08.jsonl.gz CAP_KILL
#
# KEEP=DIR keeps what each run showed, and does not run again what is there already.
# Exit status 1 when the run with exactly the required ones loses an operation, or
# another run nothing.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# -ge 3 ] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2; exit 2; }
version=$1 osapi=$2 trace=$3
shift 3
work=${KEEP:-$(mktemp -d)}
mkdir -p "$work"
if [ -z "${KEEP:-}" ]; then trap 'rm -rf "$work"' EXIT; fi

# with RUN LINES...: runs the plan with these lines in the unit's drop-in, and leaves
# in $work/RUN what was observed that it should not be.
with() {
  local run=$1 status=0
  shift
  if [ -e "$work/$run" ]; then return; fi
  printf '%s\n' '[Service]' "$@" >"$work/confine.conf"
  CONFINE=$work/confine.conf CONFINED_PLAN=no JOURNAL=$work/$run.journal \
    "$here/record.sh" "$version" "$osapi" >"$work/$run.out" 2>&1 || status=$?
  if ! grep -q "^$version.plan.yaml: status" "$work/$run.out"; then
    tail -n 20 "$work/$run.out" >&2
    echo "sweep.sh: the plan did not run (status $status)" >&2
    exit 2
  fi
  {
    sed -nE '/: the plan has none$/d; s/^osapi-profile: .*operation ([^ ]+) (failed|never ran).*/\1 \2/p' "$work/$run.out"
    complaints <"$work/$run.journal"
  } | LC_ALL=C sort -u >"$work/$run.lines"
  mv "$work/$run.lines" "$work/$run"
  echo "$run: $(wc -l <"$work/$run")" >&2
}

# complaints: what in a journal tells of a refusal, without what differs in every run.
complaints() {
  sed -nE '/^[0-9:]+[AP]M INF /d; /denied|not permitted|cannot|can.t |could not|unable/I p' |
    sed -E 's/.*(ERR|WRN) //; s/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/ID/g; s/[0-9]+/N/g; s/(N\.)?N(µs|ms|s)\b/N/g; s/[^ -~]/?/g'
}

# lost RUN: what was observed of it and not with all capabilities.
lost() { LC_ALL=C comm -13 "$work/all" "$work/$1"; }

# cell RUN: the first that it lost, operations before complaints.
# shellcheck disable=SC2016 # Markdown's backticks
cell() {
  { lost "$1" | grep -E ' (failed|never ran)$' || :; lost "$1" | grep -vE ' (failed|never ran)$' || :; } |
    head -n 3 | tr '|`' "/'" | sed 's/.*/`&`/' | paste -sd, | sed 's/,`/, `/g'
}

facts=$work/profile.json
go run -C "$root" ./cmd/osapi-profile emit --format json "$(realpath "$trace")" >"$facts" 2>/dev/null
mapfile -t required < <(jq -r '.capabilities[] | select(.need == "required") | .name' "$facts")
status=0
OPERATIONS=all with all
OPERATIONS=all with exact CapabilityBoundingSet= "CapabilityBoundingSet=${required[*]}"
if lost exact | grep -qE ' (failed|never ran)$'; then status=1; fi
said=$(cell exact)
echo "With exactly ${required[*]:-none}: ${said:-nothing is lost}."
if [ $# = 0 ]; then set -- "${required[@]}"; fi
if [ $# != 0 ]; then printf '\n| Required | Asked in | Without it |\n| --- | --- | --- |\n'; fi
for less in "$@"; do
  rest=()
  for name in "${required[@]}"; do
    if [ "$name" != "$less" ]; then rest+=("$name"); fi
  done
  mapfile -t operations < <(jq -r --arg name "$less" '.capabilities[] | select(.name == $name) | .facts[].op // "all"' "$facts" | sort -u)
  if [[ " ${operations[*]} " = *" all "* ]]; then operations=(all); fi # a trace without operations
  OPERATIONS=${operations[*]} with "without.$less" CapabilityBoundingSet= "CapabilityBoundingSet=${rest[*]}"
  said=$(cell "without.$less")
  echo "| \`$less\` | ${#operations[@]} operations | ${said:-nothing} |"
  if [ -z "$said" ]; then status=1; fi
done
exit "$status"
