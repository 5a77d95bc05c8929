#!/bin/bash
# run.sh VERSION: runs OSAPI's servers and, under $RECORD, its worker, sends it every
# operation of VERSION.plan, stops it and prints a table of what worked. On a host
# that prepare.sh made. VERSION is february or agent.
#
#   RECORD="osapi-profile record -o /job/trace.jsonl --" ./run.sh february
#
# CONFINE names a drop-in that the worker's service gets, such as the one emitted for
# the trace: the same plan under its own profile.
#
# Exit status 1 when an operation did not end as the plan says.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$1
log=$(mktemp -d)
# shellcheck source-path=SCRIPTDIR source=steps.sh
source "$here/steps.sh"
# shellcheck source-path=SCRIPTDIR source=february.plan
source "$here/$version.plan"

service() { systemd-run --quiet --unit="$1" --service-type=exec "${@:2}"; }

# until_true SECONDS CMD...: waits for CMD to succeed.
until_true() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || { echo "run.sh: $1 still fails" >&2; return 1; }
    sleep 1
  done
}

diagnose() {
  journalctl --no-pager --unit osapi-worker --unit osapi-nats --unit 'osapi-server*' | tail -n 40 >&2
}

service osapi-nats osapi nats server start
until_true 60 bash -c 'exec 3<>/dev/tcp/127.0.0.1/4222' 2>/dev/null
for command in "${servers[@]}"; do
  # shellcheck disable=SC2086 # the words of a command
  service "osapi-server-${command%% *}" osapi $command
done
until_true 60 bash -c 'exec 3<>/dev/tcp/127.0.0.1/8080' 2>/dev/null
cat >/run/systemd/system/osapi-worker.service <<UNIT
[Service]
Type=exec
KillMode=mixed
TimeoutStopSec=120
ExecStart=${RECORD:-} /usr/local/bin/osapi ${worker[*]}
UNIT
if [ -n "${CONFINE:-}" ]; then
  mkdir -p /run/systemd/system/osapi-worker.service.d
  cp "$CONFINE" /run/systemd/system/osapi-worker.service.d/50-osapi-profile.conf
fi
systemctl daemon-reload
systemctl start osapi-worker || { diagnose; exit 1; }
started=$SECONDS
until_true 180 ready || { diagnose; exit 1; }
plan
systemctl stop osapi-worker
if systemctl is-failed --quiet osapi-worker; then
  report FAILED stop "$(systemctl show --property=ExecMainCode,ExecMainStatus osapi-worker | xargs)"
  unplanned=$((unplanned + 1))
fi
echo "$((SECONDS - started)) s, $unplanned not as planned"
journalctl --no-pager --output=cat --unit osapi-worker | grep -v 'INF' >&2 || :
if [ -n "${ANSWERS:-}" ]; then cp "$log/answers" "$ANSWERS"; fi
[ "$unplanned" = 0 ]
