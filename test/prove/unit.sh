#!/bin/bash
# unit.sh: run in the container. Trains nginx as a service that is installed with a
# drop-in of its own, has verify run that service under its profile, and ends verify in
# each way: whether the service is afterwards what it was. Reports go to /job.
set -uo pipefail
cd /job || exit 1
site=/srv/proof etc=/etc/systemd/system run=/run/systemd/system
mkdir -p $site/html $etc/proof-nginx.service.d $run/proof-nginx.service.d
echo hello >$site/html/index.html
cp nginx.conf $site/
cat >$site/plan.yaml <<'EOF_PLAN'
ready: {port: 7380}
timeout: 20s
settle: 100ms
without: [idle, reload, reconnect, log-rotation]
operations:
  - {name: get, command: [curl, -sSf, -o, /dev/null, "http://127.0.0.1:7380/"]}
  - {name: shutdown, signal: QUIT}
reset: {shell: 'rm -rf *.log* body proxy fastcgi uwsgi scgi'}
EOF_PLAN
cat >$etc/proof-nginx.service <<EOF_UNIT
[Service]
ExecStart=/usr/sbin/nginx -p $site -c $site/nginx.conf -g "daemon off;"
# A signal to all at once leaves open whether the master has workers to pass it on to.
KillMode=mixed
EOF_UNIT
printf '[Service]\nNice=5\n' >$etc/proof-nginx.service.d/10-own.conf
printf '[Service]\nOOMScoreAdjust=100\n' >$run/proof-nginx.service.d/20-own.conf

# state: all that systemd knows of the service, and what of it runs.
state() {
  find $etc $run /run/osapi-profile/proofs -type f -exec sha256sum {} +
  find $etc $run -type d
  systemctl show proof-nginx --property=FragmentPath,DropInPaths,NeedDaemonReload,Nice,OOMScoreAdjust,ProtectSystem,ExecStart |
    sed 's/ ; \(ignore_errors\|start_time\).*//'
  systemctl list-units --all --plain --no-legend 'osapi-profile-*'
  timeout 20 sh -c 'until systemctl is-active --quiet proof-nginx && curl -sSf http://127.0.0.1:7380/; do sleep 0.1; done' 2>/dev/null
}

verify() {
  local name=$1
  shift
  ./osapi-profile verify --yes --quiet --json --plan $site/plan.yaml --unit proof-nginx "$@" trace.jsonl >"$name.json" 2>"$name.err"
  echo $? >"$name.status"
  state >"state-$name"
}

# ended SIGNAL: ends a run while the service is at work under its profile.
ended() {
  ./osapi-profile verify --yes --plan $site/plan.yaml --unit proof-nginx trace.jsonl >/dev/null 2>"$1.err" &
  local pid=$!
  until systemctl show proof-nginx --property=ProtectSystem | grep -q strict && systemctl is-active --quiet proof-nginx; do sleep 0.05; done
  kill "-$1" $pid
  wait $pid
  state >"state-$1"
}

systemctl daemon-reload
./osapi-profile record -q --plan $site/plan.yaml --unit proof-nginx -o trace.jsonl 2>record.err || exit 1
./osapi-profile emit --format systemd -o own.conf trace.jsonl 2>>record.err || exit 1
systemctl start proof-nginx
state >state-before
ended KILL
verify own
ended INT
ended TERM
sed '/^SystemCallFilter=/s/\bwritev\b/write/' own.conf >less.conf
verify less --profile less.conf
# What the operator wrote is in force as well.
printf '[Service]\nInaccessiblePaths=-%s/html\n' $site >$etc/proof-nginx.service.d/30-tight.conf
systemctl daemon-reload
verify tight
# A service that did not run is not started.
rm $etc/proof-nginx.service.d/30-tight.conf
systemctl daemon-reload
systemctl stop proof-nginx
./osapi-profile verify --yes --quiet --plan $site/plan.yaml --unit proof-nginx trace.jsonl >stopped.out 2>stopped.err
echo $? >stopped.status
systemctl is-active proof-nginx >>stopped.status
# One of which systemd executes nothing has not run.
for unmet in Condition Assert; do
  printf '[Unit]\n%sPathExists=/no/such\n' $unmet >$etc/proof-nginx.service.d/40-unmet.conf
  systemctl daemon-reload
  ./osapi-profile verify --yes --quiet --json --unit proof-nginx trace.jsonl >$unmet.json 2>$unmet.err
  echo $? >$unmet.status
done
./osapi-profile verify --yes --output missing.jsonl --unit no-such trace.jsonl >missing.out 2>missing.err
echo $? >missing.status
exit 0
