#!/bin/bash
# minimize.sh: run in the container. Trains redis, adds to its profile what it does not
# need, and has it minimized: ended once by Ctrl-C and once by a kill on the way.
set -uo pipefail
cd /job || exit 1
site=/srv/proof
mkdir -p $site
cat >$site/plan.yaml <<'EOF_PLAN'
ready: {shell: 'redis-cli -p 379 ping | grep -q PONG'}
timeout: 20s
settle: 50ms
without: [idle, reload, reconnect, log-rotation]
operations:
  - {name: set, shell: 'test "$(redis-cli -p 379 set key value)" = OK'}
  - {name: save, shell: 'test "$(redis-cli -p 379 save)" = OK && test -s dump.rdb'}
  - {name: shutdown, signal: TERM}
reset: {shell: 'rm -f dump.rdb redis.log mine'}
EOF_PLAN
# The file that is given away is of no use to anybody.
command=(/bin/sh -c "touch mine; chown daemon mine; exec redis-server --port 379 --logfile redis.log --save ''")

(cd $site && /job/osapi-profile record -q --plan plan.yaml -o /job/trace.jsonl -- "${command[@]}") 2>record.err || exit 1
./osapi-profile emit --format unit -o own.service trace.jsonl 2>>record.err || exit 1
sed 's/^\[Service\]/&\nWorkingDirectory=\/srv\/proof/; s/^CapabilityBoundingSet=./CapabilityBoundingSet=CAP_SYS_ADMIN CAP_NET_RAW\n&/; s/^ReadWritePaths=/&-\/var\/lib /
  0,/^ExecPaths=./s/^ExecPaths=./ExecPaths=-\/usr\/games\n&/; 0,/^SystemCallFilter=./s/^SystemCallFilter=./SystemCallFilter=mount bpf\n&/' \
  own.service >more.service

minimize() {
  exec ./osapi-profile minimize --yes --quiet --json --plan $site/plan.yaml --profile more.service --marks marks.json trace.jsonl -- "${command[@]}"
}

left() {
  find /run/systemd/system /run/osapi-profile/proofs -name '*osapi-profile*' -o -name '*.jsonl'
  systemctl list-units --all --plain --no-legend 'osapi-profile-*'
}

# ended SIGNAL RUNS: ends it while it goes on after so many runs.
ended() {
  minimize >/dev/null 2>"$1.err" &
  local pid=$!
  until [ "$(grep -c '"without"' marks.json 2>/dev/null)" -ge "$2" ] && systemctl is-active --quiet 'osapi-profile-*'; do sleep 0.05; done
  kill "-$1" $pid
  wait $pid
  echo $? >"$1.status"
  left >"left-$1"
  cp marks.json "marks-$1.json"
}

ended KILL 1
ended INT 3
(minimize >minimize.json 2>minimize.err)
echo $? >minimize.status
left >left-minimize
./osapi-profile emit --format unit --marks marks.json --only-required -o required.service trace.jsonl 2>emit.err
./osapi-profile emit --format unit --marks marks.json -o marked.service trace.jsonl 2>>emit.err
# Without what it needs, nothing can be told.
sed '/^CapabilityBoundingSet=./d' more.service >less.service
./osapi-profile minimize --yes --quiet --plan $site/plan.yaml --profile less.service --marks less.json trace.jsonl -- "${command[@]}" 2>less.err
echo $? >less.status
./osapi-profile minimize --yes --quiet --plan $site/plan.yaml --profile own.service --marks marks.json trace.jsonl -- "${command[@]}" 2>other.err
echo $? >other.status
exit 0
