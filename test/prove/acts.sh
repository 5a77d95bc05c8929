#!/bin/bash
# acts.sh: run in the container. Tries the forbidden acts under a hardened unit, under
# one without any sandbox, and as an installed service, and kills a run. Reports go
# to /job.
set -uo pipefail
cd /job || exit 1
useradd --create-home other # whose home directory is another user's
acts() {
  local name=$1
  shift
  ./osapi-profile acts --yes --json "$@" >"$name.json" 2>"$name.err"
  echo $? >"$name.status"
}
remains() {
  find /run/systemd/system /run /etc /tmp /dev/shm /root -maxdepth 2 -name '*osapi-profile-*' -o -maxdepth 2 -name '*.jsonl'
  systemctl list-units --all --plain --no-legend 'osapi-profile-*'
  grep osapi-profile /proc/mounts
}

./osapi-profile acts --yes --profile hard.service >/dev/null 2>&1 &
until systemctl list-units --all --plain --no-legend 'osapi-profile-acts-*' | grep -q .; do sleep 0.1; done
kill -KILL $!
remains >left-KILL
acts hard --profile hard.service
acts quick --quick --profile hard.service
remains >left
# A service that runs, with directories of its own, stays as it is.
cp plain.service /etc/systemd/system/
systemctl daemon-reload
systemctl start plain
acts plain --unit plain
{ systemctl is-active plain && ls -d /run/plain /var/lib/plain; } >>plain.err
remains >>left
exit 0
