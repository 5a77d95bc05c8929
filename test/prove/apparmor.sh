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
sed 's/flags=(/&complain, /' own.apparmor >lax.apparmor
verify lax --profile lax.apparmor
verify less --profile less.apparmor --fix fixed --name proof
verify fixed --profile fixed.apparmor
# The acts under the AppArmor profile alone, in a few services.
./osapi-profile acts --yes --apparmor --json trace.jsonl >acts.json 2>acts.err
echo $? >acts.status
# A daemon whose profile has rules that it does not need.
cat >/srv/w/daemon <<'EOF_DAEMON'
read -r line </srv/w/in
echo "$line" >/srv/w/out
cat /srv/w/out
echo spare 2>/dev/null >/srv/w/spare
: >/srv/w/ready
exec sleep 1000
EOF_DAEMON
cat >/srv/w/plan.yaml <<'EOF_PLAN'
ready: {shell: test -e ready, timeout: 60s}
settle: 100ms
without: [idle, reload, reconnect, log-rotation]
operations:
  - {name: look, shell: 'test "$(cat out)" = in'}
  - {name: shutdown, signal: TERM}
reset: {shell: rm -f out ready spare}
EOF_PLAN
command=(/bin/sh /srv/w/daemon)
env -u PWD ./osapi-profile record -q --plan /srv/w/plan.yaml -o trace2.jsonl -- "${command[@]}"
./osapi-profile emit --format apparmor --name proof2 trace2.jsonl | sed '/include if exists/i \  /srv/more w,\n  /usr/bin/id mrix,' >more.apparmor
./osapi-profile minimize --yes --quiet --apparmor --repeat 1 --kinds write,exec --plan /srv/w/plan.yaml --profile more.apparmor \
  --marks marks.json trace2.jsonl -- "${command[@]}" >minimize.out 2>minimize.err
echo $? >minimize.status
./osapi-profile emit --format apparmor --name proof2 --marks marks.json --only-required -o required.apparmor trace2.jsonl
grep -c osapi-profile /sys/kernel/security/apparmor/profiles >left
grep -c '^proof' /sys/kernel/security/apparmor/profiles >>left
exit 0
