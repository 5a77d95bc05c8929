#!/bin/bash
# run.sh VERSION [TRACE]: runs OSAPI's servers and its worker, put through
# VERSION.plan.yaml by osapi-profile, and prints how each operation went. On a host
# that prepare.sh made. VERSION is february or agent.
#
# With TRACE the worker is recorded. Without, it is a service of its own, which
# CONFINE=FILE gives a drop-in, such as the one emitted for the trace: the same plan
# under its own profile, and for february what that must not let through, unless
# CONFINED_PLAN is no.
#
# VERIFY=TRACE runs it by osapi-profile verify, under the profile made of that trace.
# REPORT=FILE receives what that says, as JSON.
#
# RUN_AS=NAME runs the worker as that user. OPERATIONS="NAME..." runs these only, with
# those that they build on, and OPERATIONS=all those that can show a lack (subset).
# Exit status 1 when an operation did not end as the plan says.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
version=$1 trace=${2:-}
tool=$here/osapi-profile
case $version in
  february) worker=(osapi job worker start) server=(api server start) ;;
  agent) worker=(osapi agent start) server=(controller start) ;;
  *) echo "run.sh: there is no $version" >&2 && exit 2 ;;
esac
worker[0]=/usr/local/bin/osapi

# service NAME CMD...: a server. On a busy machine the emulated guest is too slow for
# the limits that OSAPI sets itself at its start, so it is given another try.
service() {
  systemd-run --quiet --unit="$1" --service-type=exec \
    --property=Restart=on-failure --property=RestartSec=2 --property=StartLimitIntervalSec=0 "${@:2}"
}

# listens PORT: waits up to five minutes for it.
listens() {
  local _
  for _ in {1..300}; do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    sleep 1
  done
  journalctl --no-pager --unit 'osapi-*' | tail -n 40 >&2
  echo "run.sh: nothing listens on port $1" >&2
  exit 1
}

# unit NAME LINES...: a service; its output goes to the journal, as an operator's does.
unit() {
  printf '%s\n' '[Service]' Type=exec KillMode=mixed TimeoutStopSec=120 "${@:2}" >"/run/systemd/system/$1.service"
  systemctl daemon-reload
}

# train COMMAND PLAN ARGS...: record or verify with a plan, as a service until that
# ends. How its operations went is in the journal, among what the worker says.
train() {
  local command=$1 plan=$2 status
  shift 2
  unit osapi-training "WorkingDirectory=$here" "Environment=ANSWERS=${ANSWERS:-}" \
    ${REPORT:+"StandardOutput=truncate:$REPORT" StandardError=journal} \
    "ExecStart=$tool $command --plan $here/$plan $*"
  systemctl start --wait osapi-training || :
  status=$(systemctl show --property=ExecMainStatus --value osapi-training)
  journalctl --no-pager --output=cat --unit osapi-training --unit osapi-worker --unit 'osapi-profile-*' | grep -v INF || :
  echo "$plan: status $status"
  [ "$status" = 0 ]
}

# subset PLAN: the sections of a plan, which is what stands between empty lines, that
# have one of $OPERATIONS: operations build on those before them in their section, and
# on what was uploaded. Without what waits or is expected to fail, since neither can
# show that the worker lacks something.
subset() {
  awk -v names="$OPERATIONS" '
    function keep() { if (item !~ /wait: |expect: failure/) printf "%s", item; item = "" }
    BEGIN { RS = ""; count = split(names, wanted, " ") }
    !operations && /^operations:/ { operations = 1; sub(/^operations:\n/, ""); print "operations:" }
    !operations { print $0 "\n"; next }
    {
      take = names == "all" || /name: file\.upload/
      for (i = 1; i <= count; i++) take = take || index($0 "\n", "name: " wanted[i] ",") || index($0 "\n", "name: " wanted[i] "\n")
      lines = take ? split($0, line, "\n") : 0
      for (i = 1; i <= lines; i++) { if (line[i] ~ /^  - /) keep(); item = item line[i] "\n" }
      keep()
    }' "$1"
}

if [ -n "${OPERATIONS:-}" ]; then
  subset "$here/$version.plan.yaml" >"$here/plan"
  mv "$here/plan" "$here/$version.plan.yaml"
fi
service osapi-nats osapi nats server start
listens 4222
service osapi-server osapi "${server[@]}"
listens 8080

if [ -n "${VERIFY:-}" ]; then
  train verify "$version.plan.yaml" "--yes ${REPORT:+--json }${RUN_AS:+--user $RUN_AS }${trace:+-o $trace }$VERIFY -- ${worker[*]}"
  exit
fi
if [ -n "$trace" ]; then
  train record "$version.plan.yaml" "${RUN_AS:+--user $RUN_AS }-o $trace -- ${worker[*]}"
  exit
fi
unit osapi-worker "${RUN_AS:+User=$RUN_AS}" "ExecStart=${worker[*]}"
if [ -n "${CONFINE:-}" ]; then
  mkdir -p /run/systemd/system/osapi-worker.service.d
  cp "$CONFINE" /run/systemd/system/osapi-worker.service.d/50-osapi-profile.conf
  systemctl daemon-reload
fi
status=0
train record "$version.plan.yaml" "-o /dev/null -- $here/follow osapi-worker" || status=1
journalctl --no-pager --output=cat --unit osapi-worker >"$here/journal"
if [ -n "${CONFINE:-}" ] && [ "$version" = february ] && [ "${CONFINED_PLAN:-}" != no ]; then
  train record confined.plan.yaml "-o /dev/null -- $here/follow osapi-worker" || status=1
fi
exit "$status"
