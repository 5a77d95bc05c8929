#!/bin/bash
# apparmor.sh: run in the guest. A worker under its own AppArmor profile and unit,
# and under the profile without one rule; then what that profile prevents.
set -uo pipefail
cd /job || exit 1
mkdir -p /srv/w
echo in >/srv/w/in
cat >/srv/w/worker <<'EOF_WORKER'
read -r line </srv/w/in && echo "$line" >/srv/w/out && cat /srv/w/out
EOF_WORKER
command=(/bin/sh /srv/w/worker)
verify() {
  local name=$1
  shift
  ./osapi-profile verify --yes --quiet --json "$@" trace.jsonl -- "${command[@]}" >"$name.json" 2>"$name.err"
  echo $? >"$name.status"
}
# A service has no PWD in its environment, for want of which a shell asks getcwd(2).
env -u PWD ./osapi-profile record -q -o trace.jsonl -- "${command[@]}" || exit 1
./osapi-profile emit --format apparmor --name proof -o own.apparmor trace.jsonl || exit 1
grep -v '/srv/w/in ' own.apparmor >less.apparmor
verify own
verify less --profile less.apparmor
# The acts under the AppArmor profile alone, in a few services.
./osapi-profile acts --yes --apparmor --json trace.jsonl >acts.json 2>acts.err
echo $? >acts.status
grep -c osapi-profile /sys/kernel/security/apparmor/profiles >left
grep -c '^proof' /sys/kernel/security/apparmor/profiles >>left
exit 0
