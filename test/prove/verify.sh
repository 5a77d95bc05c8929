#!/bin/bash
# verify.sh: run in the container. Trains nginx, verifies it under its own profile,
# then with one grant less, and kills verify in each way. Reports go to /job.
set -uo pipefail
cd /job || exit 1
site=/srv/proof
mkdir -p $site/html
cp nginx.conf $site/
cat >$site/plan.yaml <<'EOF_PLAN'
ready: {port: 7380}
timeout: 20s
settle: 100ms
without: [idle, reload, reconnect]
operations:
  - {name: get, command: [curl, -sSf, -o, /dev/null, "http://127.0.0.1:7380/"]}
  - {name: log-rotation, shell: 'mv access.log access.log.1 && kill -USR1 "$MAINPID"', settle: 300ms}
  - {name: shutdown, signal: QUIT}
# nginx gives its files to the user of its workers, and could not open them again.
# What runs when that is done should be nothing.
reset: {shell: 'systemctl list-units --plain --no-legend --state=active "osapi-profile-*" >>/job/running; rm -rf *.log* body proxy fastcgi uwsgi scgi'}
EOF_PLAN
echo hello >$site/html/index.html
command=(nginx -p "$site" -c "$site/nginx.conf" -g "daemon off;")

verify() {
  local name=$1
  shift
  ./osapi-profile verify --yes --quiet --json --plan $site/plan.yaml "$@" trace.jsonl -- "${command[@]}" >"$name.json" 2>"$name.err"
  echo $? >"$name.status"
}

left() {
  find /run/systemd/system /run/osapi-profile/proofs -name '*osapi-profile*' -o -name '*.jsonl'
  systemctl list-units --all --plain --no-legend 'osapi-profile-*'
}

# killed SIGNAL: ends a run while its worker is at work.
killed() {
  ./osapi-profile verify --yes --plan $site/plan.yaml trace.jsonl -- "${command[@]}" >/dev/null 2>&1 &
  local pid=$!
  until systemctl is-active --quiet 'osapi-profile-*'; do sleep 0.1; done
  kill "-$1" $pid
  wait $pid
  left >"left-$1"
}

./osapi-profile record -q --plan $site/plan.yaml -o trace.jsonl -- "${command[@]}" 2>record.err || exit 1
./osapi-profile emit --format unit -o own.service trace.jsonl 2>>record.err || exit 1
killed KILL
verify own
left >left-own
without() { sed "$2" own.service >"$1.service" && verify "$1" --profile "$1.service" --fix "$1.fixed"; }
without ReadWritePaths '/^ReadWritePaths=-\/srv\/proof/d; /^NoExecPaths=/s/ -\/srv\/proof//'
without SystemCallFilter '/^SystemCallFilter=/s/\([= ]\)writev\b/\1/'
without CapabilityBoundingSet '/^CapabilityBoundingSet=/s/\([= ]\)CAP_SETUID\b/\1/'
without ExecPaths '/^ExecPaths=.*sbin/d; s/ -\/usr\/sbin[^ ]*//'
without RestrictAddressFamilies '/^RestrictAddressFamilies=/s/\([= ]\)AF_INET\b/\1/'
killed INT
killed TERM
# Without a plan a signal ends the service, or the run when there is none to end.
printf '[Service]\nType=exec\nExecStart=/bin/true\n' >free.service

# unplanned NAME CONDITION SIGNALS COMMAND...: sends so many signals, a second apart,
# once the condition holds.
unplanned() {
  local name=$1 condition=$2 signals=$3
  shift 3
  ./osapi-profile verify --yes --quiet --json --profile free.service trace.jsonl -- "$@" >"$name.json" 2>"$name.err" &
  local pid=$!
  until eval "$condition"; do sleep 0.01; done
  for _ in $(seq "$signals"); do
    kill -INT $pid
    sleep 1
  done
  timeout 60 tail --pid=$pid -f /dev/null || kill -KILL $pid
  wait $pid
  echo $? >"$name.status"
  left >"left-$name"
}
unplanned early 'compgen -G "/run/systemd/system/osapi-profile-*.service" >/dev/null' 1 sleep 1000
unplanned stubborn "systemctl is-active --quiet 'osapi-profile-*'" 2 sh -c 'trap "" TERM; while :; do sleep 1; done'
exit 0
